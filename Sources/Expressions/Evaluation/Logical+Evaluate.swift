import Columnar

extension Logical {
  func evaluate(_ batch: Batch) throws(ImmerseError) -> Mask {
    let count = batch.rowCount
    switch self {
    case .constant(let truth):
      return .constant(Mask.code(truth), count: count)
    case .missing:
      return .constant(0, count: count)
    case .not(let condition):
      return !(try condition.evaluate(batch))
    case .all(let conditions):
      return try Logical.joined(conditions, batch, empty: true) { $0 & $1 }
    case .any(let conditions):
      return try Logical.joined(conditions, batch, empty: false) { $0 | $1 }
    case .nonzero(let number):
      return Mask(codes: try number.evaluate(batch).buffer(count: count).mapped { code($0 != 0, unless: $0 != $0) })
    case .compare(let comparison, let a, let b):
      return comparison.compare(try a.evaluate(batch), try b.evaluate(batch), count: count)
    case .between(let value, let lower, let upper):
      let value = try value.evaluate(batch)
      return Comparison.greaterOrEqual.compare(value, try lower.evaluate(batch), count: count)
        & Comparison.lessOrEqual.compare(value, try upper.evaluate(batch), count: count)
    case .isOne(let value, let list):
      let value = try value.evaluate(batch)
      return list.reduce(.constant(Mask.isFalse, count: count)) {
        $0 | Comparison.equal.compare(value, .constant($1), count: count)
      }
    case .test(let text, let test):
      let categories = try text.evaluate(batch)
      return categories.mask(categories.levels.names.map(test.holds))
    case .compareText(let comparison, let a, let b):
      let (x, y) = try a.evaluate(batch).alignedInByteOrder(with: try b.evaluate(batch))
      return comparison.compareCodes(x, y)
    case .same(let a, let b):
      return try batch.column(a).isSame(as: batch.column(b))
    case .isMissing(let operand):
      return try operand.missingRows(batch)
    }
  }

  private static func joined(
    _ conditions: [Logical], _ batch: Batch, empty: Bool, _ join: (Mask, Mask) -> Mask
  ) throws(ImmerseError) -> Mask {
    guard var result = try conditions.first?.evaluate(batch) else {
      return .constant(Mask.code(empty), count: batch.rowCount)
    }
    for condition in conditions.dropFirst() { result = join(result, try condition.evaluate(batch)) }
    return result
  }
}

@inline(__always)
private func code(_ condition: Bool, unless isMissing: Bool) -> UInt8 {
  isMissing ? 0 : condition ? Mask.isTrue : Mask.isFalse
}

extension Comparison {
  fileprivate func compare(_ a: Vector, _ b: Vector, count: Int) -> Mask {
    let codes: Buffer<UInt8> =
      switch self {
      case .equal: a.codes(with: b, count: count) { code($0 == $1, unless: $0 != $0 || $1 != $1) }
      case .notEqual: a.codes(with: b, count: count) { code($0 != $1, unless: $0 != $0 || $1 != $1) }
      case .less: a.codes(with: b, count: count) { code($0 < $1, unless: $0 != $0 || $1 != $1) }
      case .lessOrEqual: a.codes(with: b, count: count) { code($0 <= $1, unless: $0 != $0 || $1 != $1) }
      case .greater: a.codes(with: b, count: count) { code($0 > $1, unless: $0 != $0 || $1 != $1) }
      case .greaterOrEqual: a.codes(with: b, count: count) { code($0 >= $1, unless: $0 != $0 || $1 != $1) }
      }
    return Mask(codes: codes)
  }

  fileprivate func compareCodes(_ a: Buffer<Int32>, _ b: Buffer<Int32>) -> Mask {
    func number(_ codes: Buffer<Int32>) -> Vector { .rows(codes.mapped { $0 < 0 ? .nan : Double($0) }) }
    return compare(number(a), number(b), count: a.count)
  }
}

extension Operand {
  /// Which rows have no value; never itself missing.
  fileprivate func missingRows(_ batch: Batch) throws(ImmerseError) -> Mask {
    switch self {
    case .number(let number):
      return Mask(codes: try number.evaluate(batch).buffer(count: batch.rowCount).mapped { Mask.code($0 != $0) })
    case .truth(let condition):
      return Mask(codes: try condition.evaluate(batch).codes.mapped { Mask.code($0 == 0) })
    case .text(let text):
      return Mask(codes: try text.evaluate(batch).codes.mapped { Mask.code($0 < 0) })
    case .column(let name):
      let column = try batch.column(name)
      if column.type.isNumeric, let numbers = column.numbers {
        return Mask(codes: numbers.mapped { Mask.code($0 != $0) })
      }
      return Mask(codes: column.categories.codes.mapped { Mask.code($0 < 0) })
    case .missing:
      return .constant(Mask.isTrue, count: batch.rowCount)
    }
  }
}
