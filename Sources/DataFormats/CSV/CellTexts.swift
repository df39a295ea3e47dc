import Columnar

/// The cells of a column as they are written to a text table, with quotes where these are needed.
struct CellTexts {
  private let text: TextBuffer
  /// Which of the texts each row has, negative for none; nil where every row has its own.
  private let codes: Buffer<Int32>?

  /// O(rows).
  ///
  /// - Throws: `badData` where the cells together take more than 2 GB.
  init(_ column: Column, separator: UInt8) throws(ImmerseError) {
    switch column.values {
    case .category(_, let levels):
      text = try TextBuffer(levels.names).quoted(nil, separator)
      codes = column.categories.codes
    case .text(let texts):
      text = try texts.quoted(column.validity, separator)
      codes = nil
    default:
      var builder = TextBuilder(rows: column.count)
      builder.append(numbersOf: column)
      text = try builder.finish()
      codes = nil
    }
  }

  /// The cells in memory, for as long as the column's texts live.
  struct Pointers {
    private let bytes: UnsafePointer<UInt8>
    private let offsets: UnsafePointer<Int32>
    private let codes: UnsafePointer<Int32>?
    /// The last position from which sixteen bytes can be read.
    private let lastWide: Int

    init?(_ cells: CellTexts) {
      let text = cells.text
      guard let offsets = text.offsets.withUnsafeBufferPointer(\.baseAddress) else { return nil }
      self.offsets = offsets
      bytes =
        text.bytes.withUnsafeBufferPointer(\.baseAddress)
        ?? UnsafeRawPointer(offsets).assumingMemoryBound(to: UInt8.self)
      lastWide = text.bytes.count - 16
      codes = cells.codes?.withUnsafeBufferPointer(\.baseAddress)
    }

    /// Copies a row's cell and returns how many bytes it has; may write up to sixteen.
    @inline(__always) func copy(_ row: Int, to target: UnsafeMutablePointer<UInt8>) -> Int {
      var index = row
      if let codes {
        index = Int(codes[row])
        if index < 0 { return 0 }
      }
      let start = Int(offsets[index])
      let count = Int(offsets[index + 1]) - start
      if count <= 16, start <= lastWide {
        copySixteen(bytes + start, to: target)
      } else {
        target.update(from: bytes + start, count: count)
      }
      return count
    }
  }

  /// The bytes of all cells. O(rows) for a category.
  var byteCount: Int {
    text.offsets.withUnsafeBufferPointer { offsets in
      guard let codes else { return Int(offsets[offsets.count - 1]) - Int(offsets[0]) }
      return codes.withUnsafeBufferPointer { codes in
        codes.reduce(0) { $1 < 0 ? $0 : $0 + Int(offsets[Int($1) + 1]) - Int(offsets[Int($1)]) }
      }
    }
  }
}

extension TextBuffer {
  /// The texts as cells: in quotes where they hold a separator, a quote or a line end, empty where missing. The
  /// buffer itself where none is either. O(bytes).
  fileprivate func quoted(_ validity: Bitmap?, _ separator: UInt8) throws(ImmerseError) -> TextBuffer {
    try offsets.withUnsafeBufferPointer { offsets throws(ImmerseError) in
      try bytes.withUnsafeBufferPointer { bytes throws(ImmerseError) in
        let used = UnsafeBufferPointer(rebasing: bytes[Int(offsets[0])..<Int(offsets[count])])
        var isPlain = true
        validity?.forEachUnset { row in isPlain = isPlain && offsets[row] == offsets[row + 1] }
        if isPlain, !needsQuotes(used, separator) { return self }
        var cells = TextBuilder(rows: count)
        var row = 0
        forEachText { text in
          if validity?[row] == false { cells.appendEmpty() } else { cells.append(cell: text, separator) }
          row += 1
        }
        return try cells.finish()
      }
    }
  }
}

extension TextBuilder {
  /// Appends every value of a column of numbers or truth values.
  fileprivate mutating func append(numbersOf column: Column) {
    let validity = column.validity
    switch column.values {
    case .float64(let buffer): append(buffer, validity) { $0.append($1) }
    case .float32(let buffer): append(buffer, validity) { $0.append(NumberText.shortest($1)) }
    case .int64(let buffer): append(buffer, validity) { $0.append(integer: $1) }
    case .int32(let buffer): append(buffer, validity) { $0.append(integer: Int64($1)) }
    case .int16(let buffer): append(buffer, validity) { $0.append(integer: Int64($1)) }
    case .int8(let buffer): append(buffer, validity) { $0.append(integer: Int64($1)) }
    case .uint64(let buffer): append(buffer, validity) { $0.append("\($1)") }
    case .uint32(let buffer): append(buffer, validity) { $0.append(integer: Int64($1)) }
    case .uint16(let buffer): append(buffer, validity) { $0.append(integer: Int64($1)) }
    case .uint8(let buffer): append(buffer, validity) { $0.append(integer: Int64($1)) }
    case .bool(let bits): append(rows: bits.count, validity) { $0.append(bits[$1] ? "true" : "false") }
    case .text, .category: break
    }
  }

  @inline(__always)
  private mutating func append<T>(
    _ buffer: Buffer<T>, _ validity: Bitmap?, _ append: (inout TextBuilder, T) -> Void
  ) {
    buffer.withUnsafeBufferPointer { values in
      self.append(rows: values.count, validity) { append(&$0, values[$1]) }
    }
  }

  @inline(__always)
  private mutating func append(rows: Int, _ validity: Bitmap?, _ append: (inout TextBuilder, Int) -> Void) {
    for row in 0..<rows {
      if validity?[row] == false { appendEmpty() } else { append(&self, row) }
    }
  }

  fileprivate mutating func append(cell: UnsafeBufferPointer<UInt8>, _ separator: UInt8) {
    if !needsQuotes(cell, separator) { return append(cell) }
    append(upTo: 2 * cell.count + 2) { target in
      target[0] = CSVByte.quote
      var position = 1
      for byte in cell {
        if byte == CSVByte.quote {
          target[position] = byte
          position += 1
        }
        target[position] = byte
        position += 1
      }
      target[position] = CSVByte.quote
      return position + 1
    }
  }
}

/// Looks at every byte rather than stopping at the first, which lets the loop run in vectors.
private func needsQuotes(_ bytes: UnsafeBufferPointer<UInt8>, _ separator: UInt8) -> Bool {
  var found: UInt8 = 0
  for byte in bytes {
    let isSpecial =
      byte == separator || byte == CSVByte.quote || byte == CSVByte.newline || byte == CSVByte.carriageReturn
    found |= isSpecial ? 1 : 0
  }
  return found != 0
}
