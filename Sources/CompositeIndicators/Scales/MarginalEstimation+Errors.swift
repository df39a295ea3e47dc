import LinearAlgebra
import Numerics

/// Standard errors by the sandwich P B P: B sums squared weights times the products of scores, P is the inverse of the
/// observed information within the metric.
///
/// A pattern's score is the posterior mean of the score of a respondent of known θ (Fisher's identity; Louis 1982, Journal
/// of the Royal Statistical Society B 44, 226-233); the information is the difference quotient of their sum. The metric is
/// a constraint C: with A = H + κ C'C, P = A⁻¹ H A⁻¹ is the corner of the bordered inverse (Silvey 1959, Annals of
/// Mathematical Statistics 30, 389-407).
extension MarginalEstimation {
  /// - Parameter groups: their names.
  func itemErrors(_ groups: [String]) -> [CalibrationResult.ItemError] {
    guard let covariance = try? covariance() else { return [] }
    return items.indices.compactMap { set in
      let item = set < calibration.items.count ? set : nil
      let group = item == nil ? sets.firstIndex { $0.contains(set) } : nil
      guard let index = item ?? group.flatMap({ sets[$0].firstIndex(of: set) }) else { return nil }
      return errors(of: set, covariance, item: calibration.items[index], group: group.map { groups[$0] })
    }
  }

  private var isSlopeFree: Bool { calibration.model == .gpcm }
  /// Free parameters of an item: its slope, where that is free, and one intercept for each category but the lowest.
  private var width: Int { (isSlopeFree ? 1 : 0) + calibration.categories - 1 }
  private var hasMeans: Bool { populations.count > 1 }
  private var hasSDs: Bool { populations.count > 1 || !isSlopeFree }

  /// The free parameters: item by item, then the means and the standard deviations of groups.
  private var free: [Double] {
    get {
      items.flatMap { (isSlopeFree ? [$0.slope] : []) + $0.intercepts.dropFirst() }
        + (hasMeans ? populations.map(\.mean) : []) + (hasSDs ? populations.map(\.sd) : [])
    }
    set {
      var rest = newValue[...]
      for set in items.indices {
        if isSlopeFree { items[set].slope = rest.removeFirst() }
        for category in 1..<calibration.categories { items[set].intercepts[category] = rest.removeFirst() }
      }
      if hasMeans { for group in populations.indices { populations[group].mean = rest.removeFirst() } }
      if hasSDs { for group in populations.indices { populations[group].sd = rest.removeFirst() } }
    }
  }

  /// Hands out the score of every pattern in every group that has it.
  private func scores(_ body: (_ pattern: Int, _ group: Int, _ score: [Double]) -> Void) {
    let (points, first, size) = (nodes.count, isSlopeFree ? 1 : 0, free.count)
    let logs = items.map(logProbabilities)
    let probabilities = logs.map { $0.map { Double.exp($0) } }
    let densities = populations.map(logDensity)
    // Of every item the mean category at each point.
    let means = probabilities.map { probabilities in
      (0..<points).map { point in
        (0..<calibration.categories).reduce(0) { $0 + Double($1) * probabilities[$1 * points + point] }
      }
    }
    // Of every group the score of a respondent at each point.
    let byPoint = populations.indices.map { group in
      let (mean, sd) = (populations[group].mean, populations[group].sd)
      let steps = nodes.map { ($0 - mean) / sd }
      let density = densities[group].map { Double.exp($0) }
      let centre = zip(density, steps).reduce(0) { $0 + $1.0 * $1.1 }
      let spread = zip(density, steps).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
      return steps.map { (mean: ($0 - centre) / sd, sd: ($0 * $0 - spread) / sd) }
    }
    var posterior = [Double](repeating: 0, count: points)
    for (pattern, codes) in table.codes.enumerated() {
      for group in populations.indices where weights[pattern][group] > 0 {
        for point in 0..<points { posterior[point] = densities[group][point] }
        for (item, code) in codes.enumerated() where code > 0 {
          let start = (Int(code) - 1) * points
          for point in 0..<points { posterior[point] += logs[sets[group][item]][start + point] }
        }
        let largest = posterior.max() ?? 0
        for point in 0..<points { posterior[point] = Double.exp(posterior[point] - largest) }
        let total = posterior.reduce(0, +)
        for point in 0..<points { posterior[point] /= total }
        var score = [Double](repeating: 0, count: size)
        for (item, code) in codes.enumerated() where code > 0 {
          let (set, category) = (sets[group][item], Int(code) - 1)
          for point in 0..<points {
            if isSlopeFree {
              score[set * width] += posterior[point] * (Double(category) - means[set][point]) * nodes[point]
            }
            for other in 1..<calibration.categories {
              let surplus = (other == category ? 1 : 0) - probabilities[set][other * points + point]
              score[set * width + first + other - 1] += posterior[point] * surplus
            }
          }
        }
        var place = items.count * width
        if hasMeans {
          for point in 0..<points { score[place + group] += posterior[point] * byPoint[group][point].mean }
          place += populations.count
        }
        if hasSDs { for point in 0..<points { score[place + group] += posterior[point] * byPoint[group][point].sd } }
        body(pattern, group, score)
      }
    }
  }

  private var gradient: [Double] {
    var sum = [Double](repeating: 0, count: free.count)
    scores { pattern, group, score in
      for index in sum.indices { sum[index] += weights[pattern][group] * score[index] }
    }
    return sum
  }

  /// The rows of the metric's constraint: the mean over groups is 0 and, where slopes are free, the variance 1.
  private var constraint: [[Double]] {
    guard hasMeans else { return [] }
    let (start, count, size) = (items.count * width, populations.count, free.count)
    var mean = [Double](repeating: 0, count: size)
    var variance = mean
    for (group, population) in populations.enumerated() {
      mean[start + group] = 1
      variance[start + group] = 2 * population.mean
      variance[start + count + group] = 2 * population.sd
    }
    return isSlopeFree ? [mean, variance] : [mean]
  }

  private func covariance() throws(NumericalError) -> Matrix {
    let (size, own) = (free.count, free)
    var information = Matrix(rows: size, columns: size)
    for column in 0..<size {
      let step = 1e-5 * max(1, own[column].magnitude)
      var (ahead, behind) = (self, self)
      ahead.free[column] += step
      behind.free[column] -= step
      for (row, pair) in zip(ahead.gradient, behind.gradient).enumerated() {
        information[row, column] = (pair.1 - pair.0) / (2 * step)
      }
    }
    // The difference quotient is symmetric up to rounding.
    information = symmetric(information)
    var bordered = information
    let scale = (0..<size).reduce(0) { $0 + information[$1, $1] } / Double(size)
    for row in constraint {
      for i in 0..<size { for j in 0..<size { bordered[i, j] += scale * row[i] * row[j] } }
    }
    var squares = Matrix(rows: size, columns: size)
    scores { pattern, group, score in
      let weight = table.squares[pattern][group] * weightScales[group] * weightScales[group]
      for j in 0..<size { for i in 0..<size { squares[i, j] += weight * score[i] * score[j] } }
    }
    let inverse = try Cholesky(bordered).inverse()
    let bread = try inverse * information * inverse
    return try bread * squares * bread
  }

  private func symmetric(_ a: Matrix) -> Matrix {
    var mean = a
    for i in 0..<a.rows { for j in 0..<a.columns { mean[i, j] = (a[i, j] + a[j, i]) / 2 } }
    return mean
  }

  /// By the delta method: threshold_k = (intercept_{k-1} - intercept_k) / slope.
  private func errors(
    of set: Int, _ covariance: Matrix, item: String, group: String?
  ) -> CalibrationResult.ItemError {
    let (start, first, own) = (set * width, isSlopeFree ? 1 : 0, parameters(of: set))
    func error(_ gradient: [Double]) -> Double {
      var variance = 0.0
      for a in gradient.indices {
        for b in gradient.indices { variance += gradient[a] * gradient[b] * covariance[start + a, start + b] }
      }
      return max(variance, 0).squareRoot()
    }
    let thresholds = own.thresholds.enumerated().map { index, threshold in
      var gradient = [Double](repeating: 0, count: width)
      if isSlopeFree { gradient[0] = -threshold / own.slope }
      if index > 0 { gradient[first + index - 1] = 1 / own.slope }
      gradient[first + index] = -1 / own.slope
      return error(gradient)
    }
    let slope = isSlopeFree ? error([1] + [Double](repeating: 0, count: width - 1)) : nil
    return CalibrationResult.ItemError(item: item, group: group, slope: slope, thresholds: thresholds)
  }
}
