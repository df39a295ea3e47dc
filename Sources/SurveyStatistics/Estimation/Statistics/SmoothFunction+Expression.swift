import Expressions

extension TotalsExpression {
  /// The function at totals, of which the first is Σ w.
  func callAsFunction<Number: SmoothNumber>(_ totals: [Number]) -> Number { root.value(totals) }
}

extension TotalsExpression.Node {
  fileprivate func value<Number: SmoothNumber>(_ totals: [Number]) -> Number {
    switch self {
    case .constant(let value): return Number(value)
    case .total(let position): return totals[position + 1]
    case .negated(let inner): return Number(0) - inner.value(totals)
    case .chain(let first, let rest):
      return rest.reduce(first.value(totals)) { result, step in
        let operand = step.1.value(totals)
        switch step.0 {
        case .add: return result + operand
        case .subtract: return result - operand
        case .multiply: return result * operand
        case .divide: return result / operand
        case .power: return result.power(operand)
        // The expression has none.
        case .modulo: return Number(.nan)
        }
      }
    case .call(let function, let inner):
      let operand = inner.value(totals)
      switch function {
      case .abs: return operand.distance()
      case .sqrt: return operand.squareRoot()
      case .log: return operand.naturalLogarithm()
      case .log2: return operand.naturalLogarithm() / Number(2).naturalLogarithm()
      case .log10: return operand.naturalLogarithm() / Number(10).naturalLogarithm()
      case .exp: return operand.exponential()
      case .round, .floor, .ceiling: return Number(.nan)
      }
    }
  }
}
