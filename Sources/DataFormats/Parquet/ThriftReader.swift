import Columnar

/// Structs in Thrift's compact protocol, which may be damaged or hostile: nothing is read beyond the bytes, no list is
/// longer than they allow, and no struct is nested deeper than a reader's stack bears.
///
/// A struct is a run of fields, each a number, a type and a value. Fields that the caller does not read are skipped.
struct ThriftReader {
  private enum Kind: UInt8 {
    case yes = 1, no, byte, short, int, long, double, binary, list, set, map, structure, uuid
  }

  private let bytes: Buffer<UInt8>
  private(set) var position: Int
  /// The type of the value that comes next; nil once it has been read.
  private var pending: Kind?
  private var depth = 0
  private static let deepest = 32

  init(_ bytes: Buffer<UInt8>, at position: Int = 0) {
    self.bytes = bytes
    self.position = position
    pending = .structure
  }

  /// Reads the fields of the struct that comes next; `read` is handed each field's number and reads its value or not.
  ///
  /// - Throws: `badData` where the bytes are no struct, and what `read` throws.
  mutating func fields(
    _ read: (Int, inout ThriftReader) throws(ImmerseError) -> Void
  ) throws(ImmerseError) {
    try take(.structure)
    depth += 1
    guard depth <= Self.deepest else { throw .damagedParquet }
    var field = 0
    while true {
      let header = try byte()
      if header == 0 { break }
      if header >> 4 == 0 {
        field = Int(truncatingIfNeeded: try zigzag())
      } else {
        field += Int(header >> 4)
      }
      pending = try kind(header & 15)
      try read(field, &self)
      if pending != nil { try skip() }
    }
    depth -= 1
  }

  /// Reads a list; `read` reads one element.
  ///
  /// - Throws: `badData` where no list comes next or it claims more elements than bytes are left, and what `read` throws.
  mutating func list(_ read: (inout ThriftReader) throws(ImmerseError) -> Void) throws(ImmerseError) {
    try take(.list)
    let (kind, count) = try listHeader()
    for _ in 0..<count {
      pending = kind
      try read(&self)
      if pending != nil { try skip() }
    }
    pending = nil
  }

  mutating func integer() throws(ImmerseError) -> Int {
    switch pending {
    case .byte:
      pending = nil
      return Int(Int8(bitPattern: try byte()))
    case .short, .int, .long:
      pending = nil
      return Int(try zigzag())
    default: throw .damagedParquet
    }
  }

  /// A whole number that is not negative.
  mutating func size() throws(ImmerseError) -> Int {
    let value = try integer()
    guard value >= 0 else { throw .damagedParquet }
    return value
  }

  mutating func bool() throws(ImmerseError) -> Bool {
    guard pending == .yes || pending == .no else { throw .damagedParquet }
    defer { pending = nil }
    return pending == .yes
  }

  mutating func binary() throws(ImmerseError) -> Buffer<UInt8> {
    try take(.binary)
    let count = try length()
    defer { position += count }
    return bytes.slice(position..<position + count)
  }

  mutating func string() throws(ImmerseError) -> String {
    try binary().withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
  }

  private mutating func take(_ kind: Kind) throws(ImmerseError) {
    guard pending == kind else { throw .damagedParquet }
    pending = nil
  }

  private mutating func skip() throws(ImmerseError) {
    switch pending {
    case nil, .yes, .no: pending = nil
    case .byte: _ = try integer()
    case .short, .int, .long: _ = try integer()
    case .double: try skip(bytes: 8)
    case .uuid: try skip(bytes: 16)
    case .binary: _ = try binary()
    case .structure: try fields { _, _ in }
    case .list, .set:
      depth += 1
      guard depth <= Self.deepest else { throw .damagedParquet }
      pending = .list
      try list { (element) throws(ImmerseError) in try element.skipElement() }
      depth -= 1
    case .map:
      depth += 1
      guard depth <= Self.deepest else { throw .damagedParquet }
      let count = try length()
      if count > 0 {
        let kinds = try byte()
        for _ in 0..<count {
          for half in [kinds >> 4, kinds & 15] {
            pending = try kind(half)
            try skipElement()
          }
        }
      }
      pending = nil
      depth -= 1
    }
  }

  /// Truth values in lists and maps take a byte, in fields none.
  private mutating func skipElement() throws(ImmerseError) {
    if pending == .yes || pending == .no { try skip(bytes: 1) } else { try skip() }
  }

  private mutating func skip(bytes count: Int) throws(ImmerseError) {
    guard count <= bytes.count - position else { throw .damagedParquet }
    position += count
    pending = nil
  }

  private mutating func listHeader() throws(ImmerseError) -> (kind: Kind, count: Int) {
    let header = try byte()
    let count = header >> 4 == 15 ? try length() : Int(header >> 4)
    // Every element takes a byte at least.
    guard count <= bytes.count - position else { throw .damagedParquet }
    return (try kind(header & 15), count)
  }

  private func kind(_ code: UInt8) throws(ImmerseError) -> Kind {
    guard let kind = Kind(rawValue: code) else { throw .damagedParquet }
    return kind
  }

  /// A length that the rest of the bytes can hold.
  private mutating func length() throws(ImmerseError) -> Int {
    let value = try varint()
    guard value <= UInt64(bytes.count - position) else { throw .damagedParquet }
    return Int(value)
  }

  private mutating func zigzag() throws(ImmerseError) -> Int64 {
    let value = try varint()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  private mutating func varint() throws(ImmerseError) -> UInt64 {
    guard let value = bytes.varint(at: &position) else { throw .damagedParquet }
    return value
  }

  private mutating func byte() throws(ImmerseError) -> UInt8 {
    guard position < bytes.count else { throw .damagedParquet }
    defer { position += 1 }
    return bytes[position]
  }
}

extension Buffer<UInt8> {
  /// A number in groups of seven bits, the lowest first; nil where it does not end within the bytes or 64 bits.
  func varint(at position: inout Int) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), through: 63, by: 7) {
      guard position < count else { return nil }
      let byte = self[position]
      position += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
    }
    return nil
  }
}

extension ImmerseError {
  static let damagedParquet = ImmerseError(
    .badData, "the Parquet file is damaged or incomplete", remedy: "write or copy it again")
}
