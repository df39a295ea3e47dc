import Columnar

extension FrozenAggregation {
  /// The standard error of every term in every unit; NaN where there is none or it is not known.
  ///
  /// Exact for arithmetic means of values that earlier steps changed linearly with frozen parameters: the score is then
  /// a linear combination of the estimates, whose variance follows from their covariance. Indicators of a kind that is not
  /// sampled are constants. An error that is not known (no standard error given, an imputed or trimmed value, a mean that
  /// is not linear) makes every score above it unknown rather than too small. O(units · terms · indicators²).
  ///
  /// - Parameter scores: what `apply` returned.
  func standardErrors(_ scores: UnitMatrix, _ sampling: SamplingErrors) -> [Buffer<Double>] {
    let width = sampling.indicators.count
    let own = terms.prefix(kinds.count).map { sampling.index(of: $0.code) }
    var errors = terms.map { _ in [Double](repeating: .nan, count: scores.units.count) }
    var influence = [Double](repeating: 0, count: terms.count * width)
    for unit in scores.units.indices {
      for term in terms.indices { for j in 0..<width { influence[term * width + j] = 0 } }
      for (term, index) in own.enumerated() {
        if let index {
          influence[term * width + index] = sampling.slopes[index][unit]
        } else if kinds[term]?.canCarrySamplingError ?? true {
          for j in 0..<width { influence[term * width + j] = .nan }
        }
      }
      for index in groups.indices { combine(index, scores, unit, width, &influence) }
      for term in terms.indices where !scores.columns[term][unit].isNaN {
        let row = influence[term * width..<(term + 1) * width]
        if row.contains(where: { $0 != 0 }) {
          errors[term][unit] = sampling.standardError(unit: unit, of: row)
        }
      }
    }
    return errors.map { Buffer($0) }
  }

  /// The influence of each estimate on an average: the weighted mean of that on its parts.
  private func combine(
    _ index: Int, _ scores: UnitMatrix, _ unit: Int, _ width: Int, _ influence: inout [Double]
  ) {
    let group = groups[index]
    let available = group.children.indices.filter {
      group.weights[$0] > 0 && !scores.columns[group.children[$0]][unit].isNaN
    }
    let total = available.reduce(0) { $0 + group.weights[$1] }
    let isLinear = !hasOwnWeights(index) && (methods[index] == .arithmetic || available.count == 1)
    for j in 0..<width {
      var sum = 0.0
      for child in available {
        let part = influence[group.children[child] * width + j]
        sum += part == 0 ? 0 : isLinear ? group.weights[child] * part / total : .nan
      }
      influence[group.target * width + j] = sum
    }
  }
}
