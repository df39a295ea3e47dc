import Columnar

extension Textual {
  func evaluate(_ batch: Batch) throws(ImmerseError) -> Categories {
    switch self {
    case .column(let name):
      return try batch.categories(name)
    case .literal(let text):
      return Categories(codes: Buffer(count: batch.rowCount) { $0.initialize(repeating: 0) }, levels: Levels([text]))
    case .missing:
      return Categories(codes: Buffer(count: batch.rowCount) { $0.initialize(repeating: -1) }, levels: Levels([]))
    case .choice(let condition, let a, let b):
      let mask = try condition.evaluate(batch)
      let (x, y) = (try a.evaluate(batch), try b.evaluate(batch))
      let levels = Levels(sorting: x.levels.names + y.levels.names)
      let codes = mask.codes.choosing(x.recoded(to: levels).codes, y.recoded(to: levels).codes, otherwise: -1)
      return Categories(codes: codes, levels: levels)
    }
  }
}

extension TextTest {
  func holds(_ text: String) -> Bool {
    switch self {
    case .compare(.equal, let other): text == other
    case .compare(.notEqual, let other): text != other
    case .compare(.less, let other): text.precedesInBytes(other)
    case .compare(.lessOrEqual, let other): !other.precedesInBytes(text)
    case .compare(.greater, let other): other.precedesInBytes(text)
    case .compare(.greaterOrEqual, let other): !text.precedesInBytes(other)
    case .between(let lower, let upper): !text.precedesInBytes(lower) && !upper.precedesInBytes(text)
    case .isOne(let texts): texts.contains(text)
    }
  }
}

extension String {
  fileprivate func precedesInBytes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}

extension Categories {
  /// The answer of each level, carried to the rows.
  func mask(_ answers: [Bool]) -> Mask {
    let map = answers.map { Mask.code($0) }
    return map.withUnsafeBufferPointer { map in
      Mask(codes: codes.mapped { $0 < 0 ? 0 : map[Int($0)] })
    }
  }

  /// Both lists of codes in common levels whose order is that of their bytes.
  func alignedInByteOrder(with other: Categories) -> (Buffer<Int32>, Buffer<Int32>) {
    let names = Set(levels.names).union(other.levels.names).sorted { $0.precedesInBytes($1) }
    let common = Levels(names)
    return (recoded(to: common).codes, other.recoded(to: common).codes)
  }

  /// Levels that are numbers written as these would print, so that `01` and `1` are one value.
  fileprivate var withCanonicalNumbers: Categories {
    let names = levels.names.map { NumberText.number($0).map { NumberText.shortest($0) } ?? $0 }
    let canonical = Levels(sorting: names)
    let map = names.map { canonical.code(of: $0) ?? -1 }
    return Categories(codes: codes.mapped { $0 < 0 ? -1 : map[Int($0)] }, levels: canonical)
  }
}

extension Column {
  /// Where two columns hold the same number or the same text.
  func isSame(as other: Column) -> Mask {
    func compared<T: Equatable>(_ a: Buffer<T>, _ b: Buffer<T>, _ isMissing: (T) -> Bool) -> Mask {
      Mask(codes: a.combined(with: b) { isMissing($0) || isMissing($1) ? 0 : Mask.code($0 == $1) })
    }
    if type.isNumeric, other.type.isNumeric, let a = numbers, let b = other.numbers {
      return compared(a, b) { $0.isNaN }
    }
    let (a, b) = categories.withCanonicalNumbers.alignedInByteOrder(with: other.categories.withCanonicalNumbers)
    return compared(a, b) { $0 < 0 }
  }
}

extension Batch {
  /// - Throws: `badData` where there is no such column.
  func column(_ name: String) throws(ImmerseError) -> Column {
    guard let column = self[name] else { throw .missingColumn(name, among: names) }
    return column
  }
}

extension Buffer<UInt8> {
  /// For the codes of a mask: `a` where it is true, `b` where it is false, else `missing`.
  func choosing<T>(_ a: Buffer<T>, _ b: Buffer<T>, otherwise missing: T) -> Buffer<T> {
    Buffer<T>(count: count) { target in
      withUnsafeBufferPointer { codes in
        a.withUnsafeBufferPointer { a in
          b.withUnsafeBufferPointer { b in
            for row in 0..<codes.count {
              target[row] = codes[row] == Mask.isTrue ? a[row] : codes[row] == Mask.isFalse ? b[row] : missing
            }
          }
        }
      }
    }
  }
}
