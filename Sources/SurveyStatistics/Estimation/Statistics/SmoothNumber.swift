import Numerics

/// The arithmetic in which smooth functions of totals are written, so that one text gives both the value and, on `Dual`,
/// the derivatives that linearisation needs.
protocol SmoothNumber: Sendable {
  init(_ constant: Double)
  var value: Double { get }
  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self
  func squareRoot() -> Self
  func naturalLogarithm() -> Self
  func exponential() -> Self
  func power(_ exponent: Self) -> Self
  /// The distance from zero; its derivative at zero is taken as 0.
  func distance() -> Self
}

extension SmoothNumber {
  static func * (a: Double, b: Self) -> Self { Self(a) * b }
  static func + (a: Self, b: Double) -> Self { a + Self(b) }
}

extension Double: SmoothNumber {
  var value: Double { self }
  func naturalLogarithm() -> Double { .log(self) }
  func exponential() -> Double { .exp(self) }
  func power(_ exponent: Double) -> Double { Double.powered(self, exponent) }
  func distance() -> Double { magnitude }

  /// A whole exponent takes any base, another a positive one only.
  fileprivate static func powered(_ base: Double, _ exponent: Double) -> Double {
    if exponent.magnitude < 1e9, let whole = Int(exactly: exponent) { return .pow(base, whole) }
    return .pow(base, exponent)
  }
}

/// A number with its derivatives by some variables (forward-mode automatic differentiation).
///
/// A constant carries no gradient at all.
struct Dual: SmoothNumber {
  let value: Double
  /// Empty where every derivative is 0.
  let gradient: [Double]

  init(_ constant: Double) {
    value = constant
    gradient = []
  }

  init(_ value: Double, _ gradient: [Double]) {
    self.value = value
    self.gradient = gradient
  }

  /// The variables themselves, each with derivative 1 by itself.
  static func variables(_ values: [Double]) -> [Dual] {
    values.indices.map { index in
      Dual(values[index], values.indices.map { $0 == index ? 1 : 0 })
    }
  }

  static func + (a: Dual, b: Dual) -> Dual { combine(a.value + b.value, a, b) { $0 + $1 } }

  static func - (a: Dual, b: Dual) -> Dual { combine(a.value - b.value, a, b) { $0 - $1 } }

  static func * (a: Dual, b: Dual) -> Dual {
    combine(a.value * b.value, a, b) { $0 * b.value + a.value * $1 }
  }

  static func / (a: Dual, b: Dual) -> Dual {
    let quotient = a.value / b.value
    return combine(quotient, a, b) { ($0 - quotient * $1) / b.value }
  }

  func squareRoot() -> Dual {
    let root = value.squareRoot()
    return chain(root, 0.5 / root)
  }

  func naturalLogarithm() -> Dual { chain(.log(value), 1 / value) }

  func exponential() -> Dual {
    let power = Double.exp(value)
    return chain(power, power)
  }

  func power(_ exponent: Dual) -> Dual {
    let result = Double.powered(value, exponent.value)
    let byBase = exponent.value == 0 ? 0 : exponent.value * Double.powered(value, exponent.value - 1)
    if exponent.gradient.isEmpty { return chain(result, byBase) }
    let byExponent = value == 0 ? 0 : result * .log(value)
    return Dual.combine(result, self, exponent) { $0 * byBase + $1 * byExponent }
  }

  func distance() -> Dual { chain(value.magnitude, value == 0 ? 0 : value < 0 ? -1 : 1) }

  private func chain(_ value: Double, _ derivative: Double) -> Dual {
    Dual(value, gradient.map { $0 * derivative })
  }

  private static func combine(_ value: Double, _ a: Dual, _ b: Dual, _ rule: (Double, Double) -> Double) -> Dual {
    let count = max(a.gradient.count, b.gradient.count)
    return Dual(
      value,
      (0..<count).map { rule(a.gradient.isEmpty ? 0 : a.gradient[$0], b.gradient.isEmpty ? 0 : b.gradient[$0]) })
  }
}
