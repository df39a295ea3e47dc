public import Columnar

/// Appends values to a growing run of bytes, little-endian.
public struct BlobWriter {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func write(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  public mutating func write(_ value: Double) { write(value.bitPattern) }

  public mutating func write(_ value: String) {
    write(UInt32(value.utf8.count))
    bytes.append(contentsOf: value.utf8)
  }

  public mutating func write(_ values: [Double]) {
    write(UInt64(values.count))
    bytes.reserveCapacity(bytes.count + 8 * values.count)
    for value in values { write(value) }
  }

  public mutating func write(_ values: [Int]) {
    write(UInt64(values.count))
    for value in values { write(Int64(value)) }
  }

  public mutating func write(_ values: [UInt64]) {
    write(UInt64(values.count))
    for value in values { write(value) }
  }

  public mutating func write(_ values: [UInt8]) {
    write(UInt64(values.count))
    bytes.append(contentsOf: values)
  }

  public mutating func write(_ values: [String]) {
    write(UInt64(values.count))
    for value in values { write(value) }
  }
}

/// Reads back what a `BlobWriter` wrote; every length is checked against the bytes that are left.
public struct BlobReader {
  private let bytes: [UInt8]
  private var position = 0

  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  public var isAtEnd: Bool { position == bytes.count }

  public mutating func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(ImmerseError) -> T {
    let size = MemoryLayout<T>.size
    try require(size)
    var value = T.zero
    for offset in (0..<size).reversed() { value = (value << 8) | T(truncatingIfNeeded: bytes[position + offset]) }
    position += size
    return value
  }

  public mutating func double() throws(ImmerseError) -> Double { Double(bitPattern: try integer(UInt64.self)) }

  public mutating func string() throws(ImmerseError) -> String {
    let count = Int(try integer(UInt32.self))
    try require(count)
    defer { position += count }
    return String(decoding: bytes[position..<position + count], as: UTF8.self)
  }

  public mutating func doubles() throws(ImmerseError) -> [Double] {
    try list(8) { r throws(ImmerseError) in try r.double() }
  }

  public mutating func integers() throws(ImmerseError) -> [Int] {
    try list(8) { r throws(ImmerseError) in Int(try r.integer(Int64.self)) }
  }

  public mutating func keys() throws(ImmerseError) -> [UInt64] {
    try list(8) { r throws(ImmerseError) in try r.integer() }
  }

  public mutating func byteList() throws(ImmerseError) -> [UInt8] {
    try list(1) { r throws(ImmerseError) in try r.integer() }
  }

  public mutating func strings() throws(ImmerseError) -> [String] {
    try list(4) { r throws(ImmerseError) in try r.string() }
  }

  /// A list of doubles, cut into records of `width`.
  public mutating func records(of width: Int) throws(ImmerseError) -> [[Double]] {
    let values = try doubles()
    guard values.count % width == 0 else { throw .brokenPartial }
    return stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width]) }
  }

  private mutating func list<T>(
    _ smallest: Int, _ element: (inout BlobReader) throws(ImmerseError) -> T
  ) throws(ImmerseError) -> [T] {
    let count = try integer(UInt64.self)
    guard count <= UInt64((bytes.count - position) / smallest) else { throw .brokenPartial }
    var values: [T] = []
    values.reserveCapacity(Int(count))
    for _ in 0..<count { values.append(try element(&self)) }
    return values
  }

  private func require(_ count: Int) throws(ImmerseError) {
    guard count <= bytes.count - position else { throw .brokenPartial }
  }
}

extension ImmerseError {
  /// The bytes of a partial cannot be what a `BlobWriter` wrote for it.
  public static let brokenPartial = ImmerseError(
    .badData, "the saved partial is damaged or incomplete", remedy: "compute it again")
}

extension Double {
  /// Whether it can be a number of rows, and be turned into one: bytes from elsewhere may say anything.
  package var isRowCount: Bool { (0..<0x1p48).contains(self) }
}

extension Int {
  /// Whether it can be a number of rows, and be added to others.
  package var isRowCount: Bool { (0..<1 << 48).contains(self) }
}
