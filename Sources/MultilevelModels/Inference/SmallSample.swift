import LinearAlgebra
import RealModule

/// How the fixed effects' tests take into account that the variances are estimated.
///
/// Contrasts are in the coefficients of the stored columns.
protocol SmallSample {
  /// Of the t-test of one contrast; infinite for the normal distribution.
  func degreesOfFreedom(_ contrast: [Double]) throws(NumericalError) -> Double
  /// What the F statistic of several contrasts, the columns of a matrix, is multiplied by, and its denominator's degrees
  /// of freedom.
  func denominator(_ contrasts: Matrix) throws(NumericalError) -> (scale: Double, degreesOfFreedom: Double)
}

/// The same degrees of freedom for every contrast.
struct ConstantDegreesOfFreedom: SmallSample {
  let value: Double

  func degreesOfFreedom(_ contrast: [Double]) -> Double { value }
  func denominator(_ contrasts: Matrix) -> (scale: Double, degreesOfFreedom: Double) { (1, value) }
}

/// Fai and Cornelius (1996), as lmerTest applies it, with exact derivatives and the observed information:
///
///     ν = 2 (c'Φc)² / (g'Ag),   g the gradient of c'Φc in (θ, σ), A the covariance of their estimates
struct Satterthwaite: SmallSample {
  private let phi: Matrix
  /// ∂Φ⁻¹ by φ = (θ, σ).
  private let informations: [Matrix]
  /// A.
  private let covariance: Matrix

  init(_ variances: VarianceInference) throws(NumericalError) {
    phi = variances.phi
    covariance = try variances.covariance()
    let slopes = variances.slopes
    informations = (0..<slopes.columns).map { a in
      var sum = Matrix(rows: variances.phi.rows, columns: variances.phi.rows)
      for k in 0..<slopes.rows where slopes[k, a] != 0 { sum.add(variances.information(k), times: slopes[k, a]) }
      return sum
    }
  }

  init(_ variances: CrossedVariances, phi: Matrix) {
    self.phi = phi
    covariance = variances.covariance
    informations = variances.informations
  }

  func degreesOfFreedom(_ contrast: [Double]) throws(NumericalError) -> Double {
    let v = try phi * contrast
    let value = zip(v, contrast).reduce(0) { $0 + $1.0 * $1.1 }
    let gradient = informations.map { -$0.form(v, v) }
    let spread = covariance.form(gradient, gradient)
    return spread > 0 ? 2 * value * value / spread : .infinity
  }

  /// The contrasts rotated to independent ones; F has the degrees of freedom with which it has the expectation of the sum
  /// of their squared t statistics.
  func denominator(_ contrasts: Matrix) throws(NumericalError) -> (scale: Double, degreesOfFreedom: Double) {
    let eigen = try SymmetricEigen(try contrasts.transposed.congruence(phi))
    let rotated = try contrasts * eigen.vectors
    var values: [Double] = []
    for m in 0..<rotated.columns where eigen.values[m] > 1e-12 * (eigen.values.last ?? 0) {
      values.append(try degreesOfFreedom(rotated.column(m)))
    }
    return (1, combinedDegreesOfFreedom(values))
  }
}

/// The denominator's degrees of freedom of the mean of squared, independent t statistics.
private func combinedDegreesOfFreedom(_ values: [Double]) -> Double {
  guard let first = values.first, values.count > 1 else { return values.first ?? .infinity }
  if values.allSatisfy({ $0 == .infinity }) { return .infinity }
  if values.allSatisfy({ ($0 - first).magnitude < 1e-8 }) { return values.reduce(0, +) / Double(values.count) }
  if values.contains(where: { $0 <= 2 }) { return 2 }
  let sum = values.reduce(0) { $0 + ($1 == .infinity ? 1 : $1 / ($1 - 2)) }
  return 2 * sum / (sum - Double(values.count))
}

/// Kenward and Roger (1997) as Halekoh and Højsgaard (2014) state it, for nested groups of any depth, in the distinct
/// variances and covariances, in which V is linear.
struct KenwardRoger: SmallSample {
  let adjusted: Matrix
  private let phi: Matrix
  private let weights: Matrix
  /// ΦP_kΦ.
  private let spreads: [Matrix]

  /// - Parameter observed: the observed information of the variances, as SAS has it, rather than the expected one.
  init(_ variances: VarianceInference, observed: Bool) throws(NumericalError) {
    let phi = variances.phi
    let count = variances.parameters.count
    let slopes = (0..<count).map { variances.information($0) }
    var scaled: [Matrix] = []
    for slope in slopes { scaled.append(try phi * slope) }
    var information = Matrix(rows: count, columns: count)
    if observed {
      information = try variances.criterion(profiled: true).hessian.scaled(by: 0.5)
    } else {
      for k in 0..<count {
        for l in 0..<count {
          let curvature = -variances.expansion.logSecond[packed(max(k, l), min(k, l))]
          information[k, l] =
            0.5
            * (curvature - phi.traceOfProduct(variances.information(k, l))
              + scaled[k].traceOfProduct(scaled[l].transposed))
        }
      }
    }
    let weights = try Cholesky(information).inverse()
    var sum = Matrix(rows: phi.rows, columns: phi.rows)
    for k in 0..<count {
      for l in 0..<count {
        sum.add(variances.information(k, l), times: 0.5 * weights[k, l])
        sum.add(try slopes[k] * scaled[l], times: -weights[k, l])
      }
    }
    var adjusted = phi
    adjusted.add(try phi.congruence(sum), times: 2)
    self.adjusted = adjusted
    self.phi = phi
    self.weights = weights
    var spreads: [Matrix] = []
    for k in 0..<count { spreads.append(try scaled[k] * phi) }
    self.spreads = spreads
  }

  func degreesOfFreedom(_ contrast: [Double]) throws(NumericalError) -> Double {
    try denominator(Matrix(rows: contrast.count, columns: 1, elements: contrast)).degreesOfFreedom
  }

  func denominator(_ contrasts: Matrix) throws(NumericalError) -> (scale: Double, degreesOfFreedom: Double) {
    let r = Double(contrasts.columns)
    let inner = try Cholesky(try contrasts.transposed.congruence(phi)).inverse()
    // ΘΦP_kΦ over the contrasts: (L'ΦL)⁻¹ L'ΦP_kΦL has the same traces.
    var parts: [Matrix] = []
    for spread in spreads { parts.append(try inner * contrasts.transposed.congruence(spread)) }
    var (a1, a2) = (0.0, 0.0)
    for k in parts.indices {
      for l in parts.indices {
        a1 += weights[k, l] * parts[k].diagonal.reduce(0, +) * parts[l].diagonal.reduce(0, +)
        a2 += weights[k, l] * parts[k].traceOfProduct(parts[l].transposed)
      }
    }
    let b = (a1 + 6 * a2) / (2 * r)
    let g = ((r + 1) * a1 - (r + 4) * a2) / ((r + 2) * a2)
    let divisor = 3 * r + 2 * (1 - g)
    let (c1, c2, c3) = (g / divisor, (r - g) / divisor, (r + 2 - g) / divisor)
    let mean = 1 / (1 - a2 / r)
    let variance = 2 / r * (1 + c1 * b) / ((1 - c2 * b) * (1 - c2 * b) * (1 - c3 * b))
    let ratio = variance / (2 * mean * mean)
    let m = 4 + (r + 2) / (r * ratio - 1)
    guard a2 > 0, m.isFinite, m > 0 else { return (1, .infinity) }
    return (m > 2 ? m / (mean * (m - 2)) : 1, m)
  }
}
