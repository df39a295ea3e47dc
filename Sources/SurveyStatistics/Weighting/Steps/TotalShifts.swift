import Columnar
import LinearAlgebra
import RealModule

/// How replicates know of totals that were estimated: each is calibrated to totals shifted so that the replicates' spread of
/// them is the covariance of the estimated totals (Fuller 1998).
///
/// With V = Σ_k u_k u_k', replicate r shifts by Σ_k q_rk u_k/√(scale · rscale_r), where the columns of q are orthonormal and
/// each sums to zero: those of the discrete cosine transform. So no replicate is shifted much, and none at random.
enum TotalShifts {
  /// By replicate, the shift of every total; empty where the totals of the step are known.
  ///
  /// - Throws: `usage` where the scale of the replicates is not known, or there are fewer of them than totals vary in
  ///   directions.
  static func of(_ step: WeightStep, _ variance: ReplicateVariance?) throws(ImmerseError) -> [[Double]] {
    guard case .totals(let request) = step, !request.covariance.isEmpty else { return [] }
    guard let variance else {
      throw ImmerseError(
        .usage, "replicates spread estimated totals by their scale, which is not known here", variable: step.output,
        remedy: "make them of the design: estimate --history with --replicate-method, or a study's design")
    }
    let directions = try directions(request.covariance)
    let used = variance.scales.indices.filter { variance.scales[$0] > 0 }
    guard directions.count < used.count else {
      throw ImmerseError(
        .usage, "\(used.count) replicates cannot spread estimated totals that vary in \(directions.count) directions",
        variable: step.output, remedy: "make more replicates, or estimate fewer totals")
    }
    var shifts = variance.scales.map { _ in request.margins.map { _ in 0.0 } }
    let count = Double(used.count)
    for (place, replicate) in used.enumerated() {
      let size = (2 / count / (variance.scale * variance.scales[replicate])).squareRoot()
      for (k, direction) in directions.enumerated() {
        let q = size * Double.cos(.pi * (Double(place) + 0.5) * Double(k + 1) / count)
        for term in direction.indices { shifts[replicate][term] += q * direction[term] }
      }
    }
    return shifts
  }

  /// u_k with V = Σ_k u_k u_k', from the eigenvectors of the correlations.
  private static func directions(_ covariance: [[Double]]) throws(ImmerseError) -> [[Double]] {
    let errors = covariance.indices.map { covariance[$0][$0].squareRoot() }
    var correlations = Matrix.identity(errors.count)
    for a in errors.indices {
      for b in errors.indices where a != b && errors[a] > 0 && errors[b] > 0 {
        correlations[a, b] = covariance[a][b] / errors[a] / errors[b]
      }
    }
    do {
      let eigen = try SymmetricEigen(correlations)
      return eigen.values.indices.filter { eigen.values[$0] > 1e-12 }.map { k in
        zip(eigen.vectors.column(k), errors).map { eigen.values[k].squareRoot() * $0 * $1 }
      }.filter { $0.contains { $0 != 0 } }
    } catch {
      throw ImmerseError(.badData, "the covariance of the totals cannot be taken apart: \(error)")
    }
  }
}
