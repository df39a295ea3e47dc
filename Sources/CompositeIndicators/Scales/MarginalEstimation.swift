import Columnar
import LinearAlgebra
import Numerics

/// The EM algorithm for the items of a scale and the populations of its groups.
///
/// E step: for each pattern and group the posterior of θ on fixed points, and from it the expected number of answers of
/// each category at each point. M step: each item's slope and intercepts by Newton's method on its expected log
/// likelihood, which is concave; means and standard deviations of groups from their posteriors. Then the metric is
/// restored. Source: Bock and Aitkin (1981), Psychometrika 46, 443-459.
struct MarginalEstimation {
  private struct Item {
    var slope = 1.0
    /// One for each category; 0 for the lowest. Category k has the exponent slope k θ + intercept_k.
    var intercepts: [Double]
  }

  private struct Population {
    var mean = 0.0
    var sd = 1.0
  }

  /// What one E step gathers.
  private struct Expectation {
    var logLikelihood = 0.0
    /// Group by group, item by item: categories by points.
    var answers: [[[Double]]]
    /// Group by group: the expected number of respondents at each point.
    var respondents: [[Double]]
  }

  private let calibration: ScaleCalibration
  private let table: PatternTable
  private let groupNames: [String]
  private let nodes = Quadrature(mean: 0, sd: 1).nodes
  /// The position in `items` of an item's parameters in a group.
  private let sets: [[Int]]
  private let setItems: [Int]
  /// Pattern by pattern, one value for each group, groups with equal sums.
  private let weights: [[Double]]
  private var items: [Item]
  private var populations: [Population]

  static let tolerance = 1e-10
  static let iterationLimit = 20_000

  /// - Throws: `badData` where a group is empty or an item's category was never chosen where it has parameters.
  init(
    _ calibration: ScaleCalibration, _ table: PatternTable, _ groups: [String], free: [String: [String]]
  ) throws(ImmerseError) {
    self.calibration = calibration
    self.table = table
    groupNames = groups
    let groupCount = max(groups.count, 1)
    var setItems = Array(calibration.items.indices)
    var sets = Array(repeating: setItems, count: groupCount)
    for (index, item) in calibration.items.enumerated() {
      for group in Set(free[item] ?? []).sorted() {
        guard let place = groups.firstIndex(of: group) else { continue }
        sets[place][index] = setItems.count
        setItems.append(index)
      }
    }
    let totals = (0..<groupCount).map { group in table.weights.reduce(0) { $0 + $1[group] } }
    if let empty = totals.firstIndex(where: { !($0 > 0) }) {
      throw ImmerseError(
        .badData, groups.isEmpty ? "nobody answered an item" : "nobody of \"\(groups[empty])\" answered an item",
        variable: calibration.name)
    }
    let count = Double(table.counts.reduce(0) { $0 + $1.reduce(0, +) })
    weights = table.weights.map { row in row.indices.map { row[$0] / totals[$0] * count / Double(groupCount) } }
    populations = Array(repeating: Population(), count: groupCount)

    let categories = calibration.categories
    var chosen = Array(repeating: [Double](repeating: 0, count: categories), count: setItems.count)
    for (codes, weights) in zip(table.codes, weights) {
      for group in 0..<groupCount where weights[group] > 0 {
        for (item, code) in codes.enumerated() where code > 0 {
          chosen[sets[group][item]][Int(code) - 1] += weights[group]
        }
      }
    }
    for (set, counts) in chosen.enumerated() {
      guard let empty = counts.firstIndex(of: 0) else { continue }
      let code =
        calibration.reversed.contains(calibration.items[setItems[set]])
        ? calibration.maximum - empty : calibration.minimum + empty
      throw ImmerseError(
        .badData, "category \(code) was never chosen, so that it has no threshold",
        variable: calibration.items[setItems[set]],
        remedy: "join it with its neighbour, or leave the item or its group out")
    }
    self.setItems = setItems
    self.sets = sets
    // A start from the marginal frequencies.
    items = chosen.map { counts in Item(intercepts: counts.map { Double.log($0 / counts[0]) }) }
  }

  mutating func run() throws(ImmerseError) -> CalibrationResult {
    var (iterations, change) = (0, Double.infinity)
    while iterations < Self.iterationLimit && change > Self.tolerance {
      let before = parameters
      let expected = expectation()
      for set in items.indices { try maximise(set, expected) }
      updatePopulations(expected)
      if populations.count > 1 { restoreMetric() }
      iterations += 1
      change = zip(before, parameters).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
    }
    return result(expectation(), iterations: iterations, hasConverged: change <= Self.tolerance)
  }

  private var parameters: [Double] {
    items.flatMap { [$0.slope] + $0.intercepts } + populations.flatMap { [$0.mean, $0.sd] }
  }

  /// Logarithms of category probabilities: categories by points.
  private func logProbabilities(_ item: Item) -> [Double] {
    let (count, points) = (item.intercepts.count, nodes.count)
    var logs = [Double](repeating: 0, count: count * points)
    for (point, theta) in nodes.enumerated() {
      var largest = -Double.infinity
      for category in 0..<count {
        let exponent = item.slope * Double(category) * theta + item.intercepts[category]
        logs[category * points + point] = exponent
        largest = max(largest, exponent)
      }
      var total = 0.0
      for category in 0..<count { total += Double.exp(logs[category * points + point] - largest) }
      let constant = largest + Double.log(total)
      for category in 0..<count { logs[category * points + point] -= constant }
    }
    return logs
  }

  /// The logarithm of a group's density on the points, summing to 1.
  private func logDensity(_ population: Population) -> [Double] {
    let steps = nodes.map { ($0 - population.mean) / population.sd }
    let total = steps.reduce(0) { $0 + Double.exp(-$1 * $1 / 2) }
    return steps.map { -$0 * $0 / 2 - Double.log(total) }
  }

  private func expectation() -> Expectation {
    let (points, width) = (nodes.count, calibration.items.count)
    let logs = items.map(logProbabilities)
    let densities = populations.map(logDensity)
    let size = calibration.categories * points
    var result = Expectation(
      answers: populations.map { _ in Array(repeating: Array(repeating: 0, count: size), count: width) },
      respondents: populations.map { _ in Array(repeating: 0, count: points) })
    var posterior = [Double](repeating: 0, count: points)
    for (codes, weights) in zip(table.codes, weights) {
      for group in weights.indices where weights[group] > 0 {
        for point in 0..<points { posterior[point] = densities[group][point] }
        for item in 0..<width where codes[item] > 0 {
          let start = (Int(codes[item]) - 1) * points
          logs[sets[group][item]].withUnsafeBufferPointer { logs in
            for point in 0..<points { posterior[point] += logs[start + point] }
          }
        }
        let largest = posterior.max() ?? 0
        var total = 0.0
        for point in 0..<points {
          posterior[point] = Double.exp(posterior[point] - largest)
          total += posterior[point]
        }
        let scale = weights[group] / total
        for point in 0..<points {
          posterior[point] *= scale
          result.respondents[group][point] += posterior[point]
        }
        for item in 0..<width where codes[item] > 0 {
          let start = (Int(codes[item]) - 1) * points
          for point in 0..<points { result.answers[group][item][start + point] += posterior[point] }
        }
        result.logLikelihood += weights[group] * (largest + Double.log(total))
      }
    }
    return result
  }

  /// Newton's method on the expected log likelihood of one set of item parameters.
  private mutating func maximise(_ set: Int, _ expected: Expectation) throws(ImmerseError) {
    let (points, categories) = (nodes.count, calibration.categories)
    var answers = [Double](repeating: 0, count: categories * points)
    for group in sets.indices where sets[group][setItems[set]] == set {
      for cell in answers.indices { answers[cell] += expected.answers[group][setItems[set]][cell] }
    }
    let isSlopeFree = calibration.model == .gpcm
    let first = isSlopeFree ? 1 : 0
    let size = first + categories - 1
    for _ in 0..<20 {
      let probabilities = logProbabilities(items[set]).map { Double.exp($0) }
      var gradient = [Double](repeating: 0, count: size)
      var information = Matrix(rows: size, columns: size)
      for (point, theta) in nodes.enumerated() {
        var (total, mean) = (0.0, 0.0)
        for category in 0..<categories { total += answers[category * points + point] }
        if total == 0 { continue }
        for category in 0..<categories { mean += Double(category) * probabilities[category * points + point] }
        for a in 0..<categories {
          let p = probabilities[a * points + point]
          let surplus = answers[a * points + point] - total * p
          if isSlopeFree {
            gradient[0] += surplus * Double(a) * theta
            information[0, 0] += total * p * (Double(a) - mean) * (Double(a) - mean) * theta * theta
          }
          guard a > 0 else { continue }
          gradient[first + a - 1] += surplus
          if isSlopeFree {
            information[first + a - 1, 0] += total * p * (Double(a) - mean) * theta
            information[0, first + a - 1] = information[first + a - 1, 0]
          }
          for b in 1..<categories {
            let q = probabilities[b * points + point]
            information[first + a - 1, first + b - 1] += total * ((a == b ? p : 0) - p * q)
          }
        }
      }
      let step: [Double]
      do {
        step = try Cholesky(information).solve(gradient)
      } catch {
        throw ImmerseError(
          .failure, "the parameters are not determined by the answers", variable: calibration.items[setItems[set]],
          remedy: "leave the item out, or join rare categories")
      }
      // A long step can leave the region where the quadratic approximation holds.
      let longest = step.reduce(0) { max($0, $1.magnitude) }
      let factor = longest > 1 ? 1 / longest : 1
      if isSlopeFree { items[set].slope += factor * step[0] }
      for category in 1..<categories { items[set].intercepts[category] += factor * step[first + category - 1] }
      if longest < 1e-12 { break }
    }
  }

  /// A single group has mean 0, and SD 1 where slopes are free: that is the metric.
  private mutating func updatePopulations(_ expected: Expectation) {
    let isSingle = populations.count == 1
    if isSingle && calibration.model == .gpcm { return }
    for group in populations.indices {
      let respondents = expected.respondents[group]
      let total = respondents.reduce(0, +)
      let mean = isSingle ? 0 : zip(respondents, nodes).reduce(0) { $0 + $1.0 * $1.1 } / total
      let squares = zip(respondents, nodes).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) }
      populations[group] = Population(mean: mean, sd: (squares / total).squareRoot())
    }
  }

  /// Moves θ to mean 0, and for free slopes to SD 1, over the equally weighted groups, and the items with it.
  private mutating func restoreMetric() {
    let count = Double(populations.count)
    let mean = populations.reduce(0) { $0 + $1.mean } / count
    let variance = populations.reduce(0) { $0 + $1.sd * $1.sd + ($1.mean - mean) * ($1.mean - mean) } / count
    let sd = calibration.model == .gpcm ? variance.squareRoot() : 1
    for group in populations.indices {
      populations[group] = Population(mean: (populations[group].mean - mean) / sd, sd: populations[group].sd / sd)
    }
    for set in items.indices {
      for category in items[set].intercepts.indices {
        items[set].intercepts[category] += items[set].slope * Double(category) * mean
      }
      items[set].slope *= sd
    }
  }

  private func result(_ expected: Expectation, iterations: Int, hasConverged: Bool) -> CalibrationResult {
    var scale = calibration.uncalibrated
    for (index, _) in calibration.items.enumerated() {
      scale.items[index].parameters = parameters(of: index)
      for (group, name) in groupNames.enumerated() where sets[group][index] != index {
        scale.items[index].byGroup = scale.items[index].byGroup ?? [:]
        scale.items[index].byGroup?[name] = parameters(of: sets[group][index])
      }
    }
    if scale.items.allSatisfy({ $0.byGroup == nil }) { scale.group = nil }
    let count = Double(populations.count)
    let variance = populations.reduce(0) { $0 + $1.sd * $1.sd + $1.mean * $1.mean } / count
    scale.population = ResponseScale.Moments(mean: 0, sd: variance.squareRoot())
    return CalibrationResult(
      scale: scale,
      groups: populations.enumerated().map { group, population in
        CalibrationResult.Group(
          name: groupNames.isEmpty ? nil : groupNames[group], mean: population.mean, sd: population.sd,
          count: table.counts.reduce(0) { $0 + $1[group] })
      }, fits: fits(expected), logLikelihood: expected.logLikelihood, iterations: iterations,
      hasConverged: hasConverged, tolerance: Self.tolerance,
      count: table.counts.reduce(0) { $0 + $1.reduce(0, +) }, patterns: table.codes.count)
  }

  private func parameters(of set: Int) -> ResponseItem.Parameters {
    let item = items[set]
    return ResponseItem.Parameters(
      slope: item.slope,
      thresholds: (1..<item.intercepts.count).map { (item.intercepts[$0 - 1] - item.intercepts[$0]) / item.slope })
  }

  /// Observed against model probabilities of each item in each group.
  private func fits(_ expected: Expectation) -> [CalibrationResult.Fit] {
    let (points, categories) = (nodes.count, calibration.categories)
    return calibration.items.indices.flatMap { item in
      populations.indices.map { group in
        let answers = expected.answers[group][item]
        let model = logProbabilities(items[sets[group][item]]).map { Double.exp($0) }
        let density = logDensity(populations[group]).map { Double.exp($0) }
        var sum = 0.0
        for point in 0..<points {
          let total = (0..<categories).reduce(0) { $0 + answers[$1 * points + point] }
          if total == 0 { continue }
          for category in 0..<categories {
            let difference = answers[category * points + point] / total - model[category * points + point]
            sum += density[point] * difference * difference
          }
        }
        let answered = zip(table.codes, table.counts).reduce(0) { $0 + ($1.0[item] > 0 ? $1.1[group] : 0) }
        return CalibrationResult.Fit(
          item: calibration.items[item], group: groupNames.isEmpty ? nil : groupNames[group],
          rmsd: (sum / Double(categories)).squareRoot(), count: answered, isFree: sets[group][item] != item)
      }
    }
  }
}
