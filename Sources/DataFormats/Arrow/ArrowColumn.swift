import Columnar

/// One column in one record batch, checked as it is read.
struct ArrowColumn {
  let field: ArrowField
  let batch: ArrowBatch
  /// The position of the column among the batch's columns.
  private let index: Int
  private let firstBuffer: Int
  /// The number of buffers of a column of views beyond its fixed ones.
  private let viewBuffers: Int

  /// - Throws: `badData` where the batch does not say how many buffers its columns have.
  init(_ field: ArrowField, at index: Int, in batch: ArrowBatch) throws(ImmerseError) {
    self.field = field
    self.batch = batch
    self.index = index
    let views = field.viewsBefore
    guard batch.viewBuffers.count >= views + (field.isView ? 1 : 0) else { throw .damagedArrow }
    firstBuffer = field.firstBuffer + batch.viewBuffers[..<views].reduce(0, +)
    viewBuffers = field.isView ? batch.viewBuffers[views] : 0
  }

  /// The values of some rows, without copying where the layouts agree. O(rows).
  ///
  /// - Throws: `badData` where the file is damaged.
  func values(_ rows: Range<Int>, dictionary: ArrowDictionary?) throws(ImmerseError) -> Column {
    let missing = try batch.missingCount(ofColumn: index)
    if field.type == .null, field.dictionary == nil {
      return Column([Double](repeating: .nan, count: rows.count))
    }
    let validity = try missing == 0 ? nil : validity(rows)
    if let coding = field.dictionary {
      guard let dictionary else { throw .damagedArrow }
      return try dictionary.column(of: try fixedWidth(rows, coding.codes), validity)
    }
    switch field.type {
    case .utf8: return Column(.text(try text(rows, Int32.self)), validity: validity)
    case .largeUtf8: return Column(.text(try text(rows, Int64.self)), validity: validity)
    case .utf8View: return Column(.text(try viewedText(rows, validity)), validity: validity)
    case .time(let time, let bits):
      let texts = try bits == 32 ? texts(time, rows, Int32.self, validity) : texts(time, rows, Int64.self, validity)
      return Column(.text(texts), validity: validity)
    case .decimal(let scale): return Column(.float64(try decimals(rows, scale: scale)), validity: validity)
    default: return Column(try fixedWidth(rows, field.type), validity: validity)
    }
  }

  private func validity(_ rows: Range<Int>) throws(ImmerseError) -> Bitmap? {
    let bytes = try batch.buffer(firstBuffer)
    // A writer may leave the bitmap out.
    if bytes.count == 0 { return nil }
    guard bytes.count >= (batch.rowCount + 7) / 8 else { throw .damagedArrow }
    let bits = Bitmap(bytes: bytes, count: batch.rowCount).slice(rows)
    return bits.unsetCount == 0 ? nil : bits
  }

  private func fixedWidth(_ rows: Range<Int>, _ type: ArrowType) throws(ImmerseError) -> Column.Values {
    switch type {
    case .bool:
      let bytes = try batch.buffer(firstBuffer + 1)
      guard bytes.count >= (batch.rowCount + 7) / 8 else { throw .damagedArrow }
      return .bool(Bitmap(bytes: bytes, count: batch.rowCount).slice(rows))
    case .float(bits: 16): return .float32(Buffer(try numbers(rows, Float16.self).array.map { Float($0) }))
    case .float(bits: 32): return .float32(try numbers(rows, Float.self))
    case .float(bits: 64): return .float64(try numbers(rows, Double.self))
    case .integer(bits: 8, isSigned: true): return .int8(try numbers(rows, Int8.self))
    case .integer(bits: 16, isSigned: true): return .int16(try numbers(rows, Int16.self))
    case .integer(bits: 32, isSigned: true): return .int32(try numbers(rows, Int32.self))
    case .integer(bits: 64, isSigned: true): return .int64(try numbers(rows, Int64.self))
    case .integer(bits: 8, isSigned: false): return .uint8(try numbers(rows, UInt8.self))
    case .integer(bits: 16, isSigned: false): return .uint16(try numbers(rows, UInt16.self))
    case .integer(bits: 32, isSigned: false): return .uint32(try numbers(rows, UInt32.self))
    case .integer(bits: 64, isSigned: false): return .uint64(try numbers(rows, UInt64.self))
    default: throw .damagedArrow
    }
  }

  private func numbers<T: BitwiseCopyable & Sendable>(
    _ rows: Range<Int>, _ type: T.Type
  ) throws(ImmerseError) -> Buffer<T> {
    let values = try batch.buffer(firstBuffer + 1).values(of: T.self)
    guard values.count >= batch.rowCount else { throw .damagedArrow }
    return values.slice(rows)
  }

  /// Days or times as text.
  private func texts<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ time: ArrowTime, _ rows: Range<Int>, _ type: T.Type, _ validity: Bitmap?
  ) throws(ImmerseError) -> TextBuffer {
    let values = try numbers(rows, type)
    var builder = TextBuilder(rows: rows.count)
    for row in 0..<values.count {
      if validity?[row] == false { builder.appendEmpty() } else { builder.append(time.text(Int64(values[row]))) }
    }
    return try builder.finish()
  }

  /// Whole numbers of 128 bits over a power of ten; the nearest Float64.
  private func decimals(_ rows: Range<Int>, scale: Int) throws(ImmerseError) -> Buffer<Double> {
    let words = try batch.buffer(firstBuffer + 1).values(of: UInt64.self)
    guard words.count / 2 >= batch.rowCount else { throw .damagedArrow }
    let unit = DecimalUnit(scale: scale)
    return Buffer(count: rows.count) { target in
      for (place, row) in rows.enumerated() {
        target[place] = unit.number(high: Int64(bitPattern: words[2 * row + 1]), low: words[2 * row])
      }
    }
  }

  /// Texts whose offsets ascend, end within the bytes and do not cut a character.
  private func text<Offset: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ rows: Range<Int>, _ type: Offset.Type
  ) throws(ImmerseError) -> TextBuffer {
    let bytes = try batch.buffer(firstBuffer + 2)
    if rows.isEmpty { return TextBuffer([]) }
    let all = try batch.buffer(firstBuffer + 1).values(of: Offset.self)
    guard all.count > batch.rowCount else { throw .damagedArrow }
    let offsets = all.slice(rows.lowerBound..<rows.upperBound + 1)
    let isSound = offsets.withUnsafeBufferPointer { offsets in
      var ascends = offsets[0] >= 0 && Int(offsets[rows.count]) <= bytes.count
      for row in 0..<rows.count { ascends = ascends && offsets[row] <= offsets[row + 1] }
      return ascends
    }
    guard isSound else { throw .damagedArrow }
    let (start, end) = (Int(offsets[0]), Int(offsets[rows.count]))
    let used = bytes.slice(start..<end)
    guard used.isUTF8(cutAt: rows.count + 1, { Int(offsets[$0]) - start }) else { throw .damagedArrow }
    if let offsets = offsets as? Buffer<Int32> { return TextBuffer(offsets: offsets, bytes: bytes) }
    guard end - start <= Int(Int32.max) else { throw .tooMuchText(rows: rows.count) }
    let short = Buffer<Int32>(count: offsets.count) { target in
      for row in 0..<target.count { target[row] = Int32(Int(offsets[row]) - start) }
    }
    return TextBuffer(offsets: short, bytes: used)
  }

  /// Views of 16 bytes: a length, and then the text where it has at most twelve bytes, else its first four bytes, the
  /// number of a further buffer and the position there.
  private func viewedText(_ rows: Range<Int>, _ validity: Bitmap?) throws(ImmerseError) -> TextBuffer {
    let views = try batch.buffer(firstBuffer + 1)
    guard views.count / 16 >= batch.rowCount else { throw .damagedArrow }
    var builder = TextBuilder(rows: rows.count)
    var total = 0
    for row in rows {
      if validity?[row - rows.lowerBound] == false {
        builder.appendEmpty()
        continue
      }
      let count = Int(try views.load(Int32.self, at: 16 * row))
      var (source, start) = (views, 16 * row + 4)
      if count > 12 {
        let number = Int(try views.load(Int32.self, at: 16 * row + 8))
        guard number >= 0, number < viewBuffers else { throw .damagedArrow }
        source = try batch.buffer(firstBuffer + 2 + number)
        start = Int(try views.load(Int32.self, at: 16 * row + 12))
      }
      guard count >= 0, start >= 0, start <= source.count - count else { throw .damagedArrow }
      total += count
      guard total <= Int(Int32.max) else { throw .tooMuchText(rows: rows.count) }
      let text = source.slice(start..<start + count)
      guard text.isUTF8(cutAt: 0, { $0 }) else { throw .damagedArrow }
      text.withUnsafeBufferPointer { builder.append($0) }
    }
    return try builder.finish()
  }
}
