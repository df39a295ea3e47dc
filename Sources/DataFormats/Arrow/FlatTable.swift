import Columnar

/// A table in a FlatBuffers message that may be damaged or hostile: every offset is checked before it is followed.
///
/// A table begins with the distance back to its vtable, which holds for each field the distance from the table's
/// start to the field's value, or 0 where the field is absent. Offsets to strings, vectors and tables count from
/// where they stand.
struct FlatTable {
  private let bytes: Buffer<UInt8>
  private let position: Int
  private let vtable: Int
  private let fieldCount: Int

  /// The root table of a message.
  ///
  /// - Throws: `badData` where the message is damaged.
  init(root bytes: Buffer<UInt8>) throws(ImmerseError) {
    try self.init(bytes, at: Int(try bytes.load(UInt32.self, at: 0)))
  }

  private init(_ bytes: Buffer<UInt8>, at position: Int) throws(ImmerseError) {
    self.bytes = bytes
    self.position = position
    vtable = position - Int(try bytes.load(Int32.self, at: position))
    let size = Int(try bytes.load(UInt16.self, at: vtable))
    guard size >= 4, vtable + size <= bytes.count else { throw .damagedArrow }
    fieldCount = (size - 4) / 2
  }

  /// Where a field's value stands, or nil where the field is absent.
  private func value(_ field: Int) throws(ImmerseError) -> Int? {
    guard field < fieldCount else { return nil }
    let offset = Int(try bytes.load(UInt16.self, at: vtable + 4 + 2 * field))
    return offset == 0 ? nil : position + offset
  }

  private func target(_ field: Int) throws(ImmerseError) -> Int? {
    guard let value = try value(field) else { return nil }
    return value + Int(try bytes.load(UInt32.self, at: value))
  }

  func integer<T: FixedWidthInteger & BitwiseCopyable>(_ field: Int, default absent: T) throws(ImmerseError) -> T {
    guard let value = try value(field) else { return absent }
    return try bytes.load(T.self, at: value)
  }

  func bool(_ field: Int) throws(ImmerseError) -> Bool { try integer(field, default: UInt8(0)) != 0 }

  func table(_ field: Int) throws(ImmerseError) -> FlatTable? {
    guard let target = try target(field) else { return nil }
    return try FlatTable(bytes, at: target)
  }

  func string(_ field: Int) throws(ImmerseError) -> String? {
    guard let target = try target(field) else { return nil }
    let count = Int(try bytes.load(UInt32.self, at: target))
    guard count <= bytes.count - target - 4 else { throw .damagedArrow }
    return bytes.slice(target + 4..<target + 4 + count).withUnsafeBufferPointer {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// A vector of tables.
  func tables(_ field: Int) throws(ImmerseError) -> [FlatTable] {
    guard let vector = try vector(field, stride: 4) else { return [] }
    var tables: [FlatTable] = []
    for index in 0..<vector.count {
      let element = vector.start + 4 * index
      tables.append(try FlatTable(bytes, at: element + Int(try bytes.load(UInt32.self, at: element))))
    }
    return tables
  }

  /// A vector of structs of 8-byte words, as one run of words.
  func words(_ field: Int, perElement words: Int) throws(ImmerseError) -> [Int64] {
    guard let vector = try vector(field, stride: 8 * words) else { return [] }
    var values: [Int64] = []
    for index in 0..<vector.count * words { values.append(try bytes.load(Int64.self, at: vector.start + 8 * index)) }
    return values
  }

  private func vector(_ field: Int, stride: Int) throws(ImmerseError) -> (start: Int, count: Int)? {
    guard let target = try target(field) else { return nil }
    let count = Int(try bytes.load(UInt32.self, at: target))
    guard count <= (bytes.count - target - 4) / stride else { throw .damagedArrow }
    return (target + 4, count)
  }
}

extension Buffer<UInt8> {
  /// A little-endian integer at any position.
  ///
  /// - Throws: `badData` where it does not lie within the bytes.
  func load<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at position: Int) throws(ImmerseError) -> T {
    guard position >= 0, position <= count - MemoryLayout<T>.size else { throw .damagedArrow }
    return withUnsafeBufferPointer {
      T(littleEndian: UnsafeRawBufferPointer($0).loadUnaligned(fromByteOffset: position, as: T.self))
    }
  }
}

extension ImmerseError {
  static let damagedArrow = ImmerseError(
    .badData, "the Arrow file is damaged or incomplete", remedy: "write or copy it again")
}
