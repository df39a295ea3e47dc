import Columnar
import RealModule

extension Numeric {
  func evaluate(_ batch: Batch) throws(ImmerseError) -> Vector {
    switch self {
    case .constant(let value):
      return .constant(value)
    case .column(let name):
      return .rows(try batch.numbers(name))
    case .negated(let operand):
      return try operand.evaluate(batch).mapped { -$0 }
    case .chain(let first, let rest):
      return try Numeric.chain(first, rest, batch)
    case .call(let function, let operand):
      return function.apply(to: try operand.evaluate(batch))
    case .extreme(let extreme, let operands):
      return try extreme.apply(to: operands, batch)
    case .choice(let condition, let a, let b):
      let codes = try condition.evaluate(batch).codes
      let values = try a.evaluate(batch).buffer(count: batch.rowCount)
      let others = try b.evaluate(batch).buffer(count: batch.rowCount)
      return .rows(codes.choosing(values, others, otherwise: .nan))
    case .indicator(let condition):
      return .rows(try condition.evaluate(batch).codes.mapped { $0 == 0 ? .nan : Double($0 & Mask.isTrue) })
    case .row(let summary, let operands, let minimum):
      return try summary.apply(to: operands, minimum: minimum, batch)
    case .reversed(let operand, let minimum, let maximum):
      return .rows(try operand.reversed(minimum, maximum, batch))
    }
  }

  private static func chain(
    _ first: Numeric, _ rest: [(Arithmetic, Numeric)], _ batch: Batch
  ) throws(ImmerseError) -> Vector {
    let start = try first.evaluate(batch)
    let isConstant = ([first] + rest.map(\.1)).allSatisfy { if case .constant = $0 { true } else { false } }
    let result = try Buffer<Double>(count: isConstant ? 1 : batch.rowCount) { target throws(ImmerseError) in
      target.initialize(repeating: 0)
      start.update(target) { $1 }
      for (operation, operand) in rest { operation.update(target, try operand.evaluate(batch)) }
    }
    return isConstant ? .constant(result[0]) : .rows(result)
  }

  /// - Throws: `badData` at the first row outside the scale, which is most often a code for a missing answer.
  private func reversed(_ minimum: Double, _ maximum: Double, _ batch: Batch) throws(ImmerseError) -> Buffer<Double> {
    let values = try evaluate(batch).buffer(count: batch.rowCount)
    let outside = values.withUnsafeBufferPointer { $0.firstIndex { $0 < minimum || $0 > maximum } }
    if let outside {
      let variable: String? = if case .column(let name) = self { name } else { nil }
      let scale = "\(NumberText.shortest(minimum)) to \(NumberText.shortest(maximum))"
      throw ImmerseError(
        .badData, "lies outside the scale from \(scale) that is to be reversed", row: batch.firstRow + outside,
        variable: variable, remedy: "recode codes for missing answers first, or give the scale's true ends")
    }
    return values.mapped { minimum + maximum - $0 }
  }
}

/// A number that is not finite counts as missing.
@inline(__always)
private func finite(_ value: Double) -> Double {
  value - value == 0 ? value : .nan
}

extension Arithmetic {
  fileprivate func update(_ target: UnsafeMutableBufferPointer<Double>, _ operand: Vector) {
    switch self {
    case .add: operand.update(target) { finite($0 + $1) }
    case .subtract: operand.update(target) { finite($0 - $1) }
    case .multiply: operand.update(target) { finite($0 * $1) }
    case .divide: operand.update(target) { finite($0 / $1) }
    case .modulo: operand.update(target) { finite(remainder($0, $1)) }
    case .power:
      if case .constant(2) = operand {
        operand.update(target) { base, _ in finite(base * base) }
      } else {
        operand.update(target) { finite(raised($0, $1)) }
      }
    }
  }
}

/// The remainder with the divisor's sign.
private func remainder(_ value: Double, _ divisor: Double) -> Double {
  let rest = value.truncatingRemainder(dividingBy: divisor)
  return rest != 0 && (rest < 0) != (divisor < 0) ? rest + divisor : rest
}

/// As IEEE 754's `pow`: a negative base has its whole powers.
private func raised(_ base: Double, _ exponent: Double) -> Double {
  if let whole = Int(exactly: exponent) { return base.isNaN ? .nan : .pow(base, whole) }
  return .pow(base, exponent)
}

extension MathFunction {
  fileprivate func apply(to operand: Vector) -> Vector {
    switch self {
    case .abs: operand.mapped { $0.magnitude }
    case .sqrt: operand.mapped { $0.squareRoot() }
    case .log: operand.mapped { finite(.log($0)) }
    case .log2: operand.mapped { finite(.log2($0)) }
    case .log10: operand.mapped { finite(.log10($0)) }
    case .exp: operand.mapped { finite(.exp($0)) }
    case .round: operand.mapped { $0.rounded(.toNearestOrEven) }
    case .floor: operand.mapped { $0.rounded(.down) }
    case .ceiling: operand.mapped { $0.rounded(.up) }
    }
  }
}

extension Extreme {
  fileprivate func apply(to operands: [Numeric], _ batch: Batch) throws(ImmerseError) -> Vector {
    .rows(
      try Buffer<Double>(count: batch.rowCount) { target throws(ImmerseError) in
        target.initialize(repeating: self == .min ? .infinity : -.infinity)
        for operand in operands {
          let values = try operand.evaluate(batch)
          // A NaN on either side makes the comparison false and stays, or is added in.
          switch self {
          case .min: values.update(target) { $0 < $1 ? $0 : $1 <= $0 ? $1 : .nan }
          case .max: values.update(target) { $0 > $1 ? $0 : $1 >= $0 ? $1 : .nan }
          }
        }
      })
  }
}

extension RowSummary {
  /// Two sweeps over each column: one adds up the values that are present, one counts them.
  fileprivate func apply(to operands: [Numeric], minimum: Int, _ batch: Batch) throws(ImmerseError) -> Vector {
    let counts = UnsafeMutableBufferPointer<Double>.allocate(capacity: batch.rowCount)
    defer { counts.deallocate() }
    counts.initialize(repeating: 0)
    return .rows(
      try Buffer<Double>(count: batch.rowCount) { target throws(ImmerseError) in
        target.initialize(repeating: 0)
        for operand in operands {
          let values = try operand.evaluate(batch)
          values.update(target) { $1 == $1 ? $0 + $1 : $0 }
          values.update(counts) { $1 == $1 ? $0 + 1 : $0 }
        }
        let least = Double(minimum)
        for row in 0..<target.count {
          let value = self == .mean ? target[row] / counts[row] : target[row]
          target[row] = counts[row] >= least ? finite(value) : .nan
        }
      })
  }
}
