import Numerics

/// The standard normal distribution.
public enum Normal {
  /// The density at x.
  public static func density(_ x: Double) -> Double {
    0.398942280401432677939946 * .exp(-0.5 * x * x)
  }

  /// P(Z ≤ x). Keeps its relative accuracy in the lower tail.
  public static func cdf(_ x: Double) -> Double {
    0.5 * .erfc(-x * 0.707106781186547524400844)
  }

  /// P(Z > x). Keeps its relative accuracy in the upper tail.
  public static func survival(_ x: Double) -> Double {
    cdf(-x)
  }

  /// The z with P(Z > z) = p.
  @inlinable public static func upperQuantile(_ p: Double) -> Double {
    -quantile(p)
  }

  /// The z with P(Z ≤ z) = p; infinite at 0 and 1, NaN outside [0, 1].
  ///
  /// Wichura (1988), "The percentage points of the normal distribution", Applied Statistics 37, 477-484, algorithm
  /// AS 241, PPND16: rational approximations with a relative error of about 1e-16.
  @inlinable public static func quantile(_ p: Double) -> Double {
    let q = p - 0.5
    if q.magnitude <= 0.425 {
      let r = 0.180625 - q * q
      return q * centralNumerator(r) / centralDenominator(r)
    }
    return tailQuantile(p)
  }

  @usableFromInline static func tailQuantile(_ p: Double) -> Double {
    guard p >= 0, p <= 1 else { return .nan }
    let tail = min(p, 1 - p)
    if tail == 0 { return p == 0 ? -.infinity : .infinity }
    let r = Double.sqrt(-.log(tail))
    let z =
      r <= 5 ? middleNumerator(r - 1.6) / middleDenominator(r - 1.6) : farNumerator(r - 5) / farDenominator(r - 5)
    return p < 0.5 ? -z : z
  }
}

// The coefficients of AS 241, highest power first in the nesting.
extension Normal {
  @inlinable static func centralNumerator(_ r: Double) -> Double {
    let high =
      ((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r + 45921.953931549871457
    return (((high * r + 13731.693765509461125) * r + 1971.5909503065514427) * r + 133.14166789178437745) * r
      + 3.387132872796366608
  }

  @inlinable static func centralDenominator(_ r: Double) -> Double {
    let high =
      ((5226.495278852854561 * r + 28729.085735721942674) * r + 39307.89580009271061) * r + 21213.794301586595867
    return (((high * r + 5394.1960214247511077) * r + 687.1870074920579083) * r + 42.313330701600911252) * r + 1
  }

  static func middleNumerator(_ r: Double) -> Double {
    let high =
      ((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
      + 1.27045825245236838258
    return (((high * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r + 4.6303378461565452959) * r
      + 1.42343711074968357734
  }

  static func middleDenominator(_ r: Double) -> Double {
    let high =
      ((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
      + 0.14810397642748007459
    return (((high * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r + 2.05319162663775882187) * r + 1
  }

  static func farNumerator(_ r: Double) -> Double {
    let high =
      ((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
      + 0.026532189526576123093
    return (((high * r + 0.29656057182850489123) * r + 1.7848265399172913358) * r + 5.4637849111641143699) * r
      + 6.6579046435011037772
  }

  static func farDenominator(_ r: Double) -> Double {
    let high =
      ((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
      + 7.868691311456132591e-4
    return (((high * r + 0.0148753612908506148525) * r + 0.13692988092273580531) * r + 0.59983220655588793769) * r + 1
  }
}
