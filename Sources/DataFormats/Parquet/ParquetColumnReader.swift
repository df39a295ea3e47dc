import Columnar

/// Reads runs of rows of one column into memory.
struct ParquetColumnReader {
  private(set) var cursor: ParquetCursor
  private let rows: Int
  private let presence: ParquetPresence
  private var column: ParquetColumn { cursor.column }

  /// - Throws: `badData` where the pages before the rows are damaged.
  init(_ cursor: ParquetCursor, _ rows: Range<Int>) throws(ImmerseError) {
    self.cursor = cursor
    self.rows = rows.count
    presence = ParquetPresence(count: rows.count)
    try self.cursor.seek(rows.lowerBound)
  }

  /// The values as they are stored. O(rows).
  ///
  /// - Throws: `badData` where the file is damaged.
  mutating func values() throws(ImmerseError) -> Column {
    switch (column.type, column.storage) {
    case (.null, _): return Column([Double](repeating: .nan, count: rows))
    case (.bool, _): return try bools()
    case (.float(bits: 64), _): return Column(.float64(try numbers(Double.self)))
    case (.float(bits: 32), _): return Column(.float32(try numbers(Float.self)))
    case (.float, _): return Column(.float32(try halves()))
    case (.integer(let bits, let isSigned), .int32):
      return integers(try numbers(Int32.self), bits: bits, isSigned: isSigned)
    case (.integer(_, let isSigned), _):
      let words = try numbers(Int64.self)
      return Column(isSigned ? .int64(words) : .uint64(words.bytes.values(of: UInt64.self)), validity: presence.bitmap)
    case (.decimal(let scale), .int32): return decimals(try numbers(Int32.self), DecimalUnit(scale: scale))
    case (.decimal(let scale), .int64): return decimals(try numbers(Int64.self), DecimalUnit(scale: scale))
    case (.decimal(let scale), _): return try decimals(DecimalUnit(scale: scale))
    case (.time(let time), .int32): return try times(try numbers(Int32.self), time)
    case (.time(let time), _): return try times(try numbers(Int64.self), time)
    case (.instant96, _): return try instants()
    case (.text, _): return Column(.text(try texts()), validity: presence.bitmap)
    case (.nested, _), (.other, _): throw .damagedParquet
    }
  }

  /// Codes into the texts, in the order of first appearance or, where that order is declared, of the dictionaries. O(rows).
  ///
  /// - Parameter isDeclared: Whether the column is a list of levels whose order means something; nil where it is a
  ///   column of texts.
  /// - Throws: `badData` where the file is damaged.
  mutating func categories(isDeclared: Bool?) throws(ImmerseError) -> Column {
    var coder = CategoryCoder()
    let codes = ColumnMemory<Int32>(count: rows)
    // What the codes of the pages mean, found out as they occur; -1 where it is not known yet.
    var (map, mapped): ([Int32], ParquetDictionary?) = ([], nil)
    let storage = column.storage
    try cursor.read(rows, presence) { (values, dictionary, run) throws(ImmerseError) in
      let target = codes.base + run.place
      if case .codes(var runs) = values, let dictionary {
        if mapped?.bytes.isSame(as: dictionary.bytes) != true {
          map = [Int32](repeating: -1, count: dictionary.entries.count)
          mapped = dictionary
          if isDeclared != nil { for entry in map.indices { map[entry] = coder.code(of: dictionary, entry) } }
        }
        try ParquetValues.forEachBlock(run.present) { (block, start) throws(ImmerseError) in
          try runs.read(block.count, into: block.base)
          try values.requireCodes(block, below: map.count)
          for index in 0..<block.count {
            let entry = Int(block.base[index])
            if map[entry] < 0 { map[entry] = coder.code(of: dictionary, entry) }
            target[start + index] = map[entry]
          }
        }
        values = .codes(runs)
      } else {
        var next = target
        try values.texts(run.present, of: storage, dictionary) { text in
          next.pointee = coder.code(of: text)
          next += 1
        }
      }
      presence.spread(run, target, missing: -1)
    }
    guard coder.isUTF8 else { throw .textInParquet }
    return Column(.category(codes.buffer, coder.levels(isDeclared: isDeclared ?? false)))
  }

  private mutating func numbers<T: ParquetNumber>(_: T.Type) throws(ImmerseError) -> Buffer<T> {
    let memory = ColumnMemory<T>(count: rows)
    try cursor.read(rows, presence) { (values, dictionary, run) throws(ImmerseError) in
      let target = memory.base + run.place
      try values.numbers(run.present, dictionary, into: target)
      presence.spread(run, target, missing: T.absent)
    }
    return memory.buffer
  }

  private mutating func bools() throws(ImmerseError) -> Column {
    let memory = ColumnMemory<Bool>(count: rows)
    try cursor.read(rows, presence) { (values, _, run) throws(ImmerseError) in
      let target = memory.base + run.place
      if run.present > 0 {
        guard case .bits(var bits) = values else { throw .damagedParquet }
        _ = try bits.readFlags(run.present, into: target)
        values = .bits(bits)
      }
      presence.spread(run, target, missing: false)
    }
    return Column(.bool(Bitmap(count: rows) { memory.base[$0] }), validity: presence.bitmap)
  }

  /// Calls `body` with the place and the bytes of every value, in order.
  @inline(__always)
  private mutating func forEachText(_ body: (Int, UnsafeBufferPointer<UInt8>) -> Void) throws(ImmerseError) {
    let storage = column.storage
    try cursor.read(rows, presence) { (values, dictionary, run) throws(ImmerseError) in
      var row = run.place
      try values.texts(run.present, of: storage, dictionary) { text in
        while !presence[row] { row += 1 }
        body(row, text)
        row += 1
      }
    }
  }

  private mutating func texts() throws(ImmerseError) -> TextBuffer {
    var builder = TextBuilder(rows: rows)
    var filled = 0
    try forEachText { row, text in
      while filled < row {
        builder.appendEmpty()
        filled += 1
      }
      builder.append(text)
      filled += 1
    }
    for _ in filled..<rows { builder.appendEmpty() }
    let texts = try builder.finish()
    guard texts.isUTF8 else { throw .textInParquet }
    return texts
  }

  private mutating func halves() throws(ImmerseError) -> Buffer<Float> {
    let memory = ColumnMemory<Float>(count: rows)
    memory.base.update(repeating: .nan, count: rows)
    try forEachText { row, bytes in
      memory.base[row] = Float(Float16(bitPattern: UInt16(bytes[0]) | UInt16(bytes[1]) << 8))
    }
    return memory.buffer
  }

  private mutating func decimals(_ unit: DecimalUnit) throws(ImmerseError) -> Column {
    let memory = ColumnMemory<Double>(count: rows)
    memory.base.update(repeating: .nan, count: rows)
    var isNarrow = true
    try forEachText { row, bytes in
      isNarrow = isNarrow && bytes.count <= 16
      memory.base[row] = unit.number(bytes)
    }
    guard isNarrow else {
      throw ImmerseError(.badData, "holds decimals of more than 128 bits", remedy: "write them as numbers")
    }
    return Column(.float64(memory.buffer))
  }

  private func decimals<T: BinaryInteger>(_ counts: Buffer<T>, _ unit: DecimalUnit) -> Column {
    Column(
      .float64(
        Buffer(count: rows) { target in
          for row in 0..<rows {
            let count = Int64(counts[row])
            target[row] = presence[row] ? unit.number(high: count >> 63, low: UInt64(bitPattern: count)) : .nan
          }
        }))
  }

  private func integers(_ words: Buffer<Int32>, bits: Int, isSigned: Bool) -> Column {
    let values: Column.Values =
      switch (bits, isSigned) {
      case (8, true): .int8(narrowed(words))
      case (16, true): .int16(narrowed(words))
      case (8, false): .uint8(narrowed(words))
      case (16, false): .uint16(narrowed(words))
      case (_, true): .int32(words)
      case (_, false): .uint32(words.bytes.values(of: UInt32.self))
      }
    return Column(values, validity: presence.bitmap)
  }

  private func narrowed<T: FixedWidthInteger>(_ words: Buffer<Int32>) -> Buffer<T> {
    Buffer(count: rows) { target in
      words.withUnsafeBufferPointer { words in
        for row in 0..<words.count { target[row] = T(truncatingIfNeeded: words[row]) }
      }
    }
  }

  private func times<T: BinaryInteger>(_ counts: Buffer<T>, _ time: ArrowTime) throws(ImmerseError) -> Column {
    var builder = TextBuilder(rows: rows)
    for row in 0..<rows {
      if presence[row] { builder.append(time.text(Int64(counts[row]))) } else { builder.appendEmpty() }
    }
    return Column(.text(try builder.finish()), validity: presence.bitmap)
  }

  private mutating func instants() throws(ImmerseError) -> Column {
    let memory = ColumnMemory<Int64>(count: rows)
    var isCounted = true
    try forEachText { row, bytes in
      let raw = UnsafeRawBufferPointer(bytes)
      let nanoseconds = Int64(littleEndian: raw.loadUnaligned(as: Int64.self))
      let day = Int64(Int32(littleEndian: raw.loadUnaligned(fromByteOffset: 8, as: Int32.self))) - 2_440_588
      let (start, isLate) = day.multipliedReportingOverflow(by: 86_400_000_000_000)
      let (instant, isLater) = start.addingReportingOverflow(nanoseconds)
      isCounted = isCounted && !isLate && !isLater
      memory.base[row] = instant
    }
    guard isCounted else {
      throw ImmerseError(
        .badData, "holds instants that cannot be counted in nanoseconds", remedy: "write them as text or timestamps")
    }
    return try times(memory.buffer, .timestamp(perSecond: 1_000_000_000, isUTC: false))
  }
}

extension CategoryCoder {
  fileprivate mutating func code(of text: UnsafeBufferPointer<UInt8>) -> Int32 {
    // Of an empty text no byte is read, wherever it stands.
    withUnsafePointer(to: 0 as UInt8) { code(of: text.baseAddress ?? $0, text.count) }
  }

  fileprivate mutating func code(of dictionary: ParquetDictionary, _ entry: Int) -> Int32 {
    dictionary.bytes.withUnsafeBufferPointer {
      code(of: UnsafeBufferPointer(rebasing: $0[dictionary.entries[entry].range]))
    }
  }
}

extension Buffer<UInt8> {
  /// Whether two buffers are the same memory.
  fileprivate func isSame(as other: Buffer<UInt8>) -> Bool {
    withUnsafeBufferPointer { own in
      other.withUnsafeBufferPointer { own.baseAddress == $0.baseAddress && own.count == $0.count }
    }
  }
}

extension ImmerseError {
  fileprivate static let textInParquet = ImmerseError(
    .badData, "holds bytes that are no UTF-8 text", remedy: "leave the column out, or write it as text")
}
