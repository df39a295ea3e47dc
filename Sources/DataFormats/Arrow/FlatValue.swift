/// A FlatBuffers message to be written, as a tree.
indirect enum FlatValue {
  case byte(UInt8)
  case short(Int16)
  case int(Int32)
  case long(Int64)
  case string(String)
  /// Values by their field number.
  case table([Int: FlatValue])
  case tables([FlatValue])
  /// A vector of structs of 8-byte words.
  case structs([Int64], wordsEach: Int)

  static func bool(_ value: Bool) -> FlatValue { .byte(value ? 1 : 0) }

  /// The message with this table as its root.
  var message: [UInt8] {
    var writer = FlatWriter()
    writer.reference(to: self, at: writer.reserve(4))
    return writer.bytes
  }

  /// Bytes the value takes in its table: its own, or those of the offset to it.
  fileprivate var inlineSize: Int {
    switch self {
    case .byte: 1
    case .short: 2
    case .int: 4
    case .long: 8
    case .string, .table, .tables, .structs: 4
    }
  }
}

/// Lays a tree out from front to back: every value follows what refers to it.
private struct FlatWriter {
  private(set) var bytes: [UInt8] = []

  /// Appends zeros and returns where they begin.
  mutating func reserve(_ count: Int) -> Int {
    bytes.append(contentsOf: repeatElement(0, count: count))
    return bytes.count - count
  }

  /// Pads so that what follows `ahead` more bytes is aligned.
  private mutating func align(_ alignment: Int, ahead: Int = 0) {
    let excess = (bytes.count + ahead) % alignment
    if excess > 0 { _ = reserve(alignment - excess) }
  }

  private mutating func put(_ value: some FixedWidthInteger, at position: Int) {
    withUnsafeBytes(of: value.littleEndian) { source in
      for (offset, byte) in source.enumerated() { bytes[position + offset] = byte }
    }
  }

  private mutating func append(_ value: some FixedWidthInteger) {
    put(value, at: reserve(value.bitWidth / 8))
  }

  /// Writes a value at the end and its distance at `position`.
  mutating func reference(to value: FlatValue, at position: Int) {
    put(UInt32(write(value) - position), at: position)
  }

  /// Writes a value at the end and returns where it begins.
  private mutating func write(_ value: FlatValue) -> Int {
    switch value {
    case .byte, .short, .int, .long: return bytes.count
    case .table(let fields): return writeTable(fields.sorted { $0.key < $1.key })
    case .string(let string):
      align(4)
      let start = bytes.count
      append(UInt32(string.utf8.count))
      bytes.append(contentsOf: string.utf8)
      bytes.append(0)
      return start
    case .tables(let tables):
      align(4)
      let start = bytes.count
      append(UInt32(tables.count))
      let first = reserve(4 * tables.count)
      for (index, table) in tables.enumerated() { reference(to: table, at: first + 4 * index) }
      return start
    case .structs(let words, let wordsEach):
      align(8, ahead: 4)
      let start = bytes.count
      append(UInt32(words.count / wordsEach))
      for word in words { append(word) }
      return start
    }
  }

  /// The vtable, and the table right after it.
  private mutating func writeTable(_ fields: [(key: Int, value: FlatValue)]) -> Int {
    let slots = (fields.last?.key ?? -1) + 1
    var size = 4
    let offsets = fields.map { field -> Int in
      let width = field.value.inlineSize
      size = (size + width - 1) / width * width + width
      return size - width
    }
    align(8, ahead: 4 + 2 * slots)
    let vtable = bytes.count
    append(UInt16(4 + 2 * slots))
    append(UInt16(size))
    let entries = reserve(2 * slots)
    let table = reserve(size)
    put(Int32(table - vtable), at: table)
    for ((number, value), offset) in zip(fields, offsets) {
      put(UInt16(offset), at: entries + 2 * number)
      switch value {
      case .byte(let value): put(value, at: table + offset)
      case .short(let value): put(value, at: table + offset)
      case .int(let value): put(value, at: table + offset)
      case .long(let value): put(value, at: table + offset)
      case .string, .table, .tables, .structs: reference(to: value, at: table + offset)
      }
    }
    return table
  }
}
