import Columnar

/// Why no weights meet the margins, and the nearest totals that weights can meet.
///
/// Misses are charged their square over the spread of the total, at a cost that grows until it outweighs every distance;
/// what is then still missed cannot be had.
struct Certificate {
  let margins: [Margin]
  /// By margin, one over the cost of a miss; those that may be missed are no part of the trouble.
  let ridges: [Double]
  let reached: [Double]
  let bounds: UnitBounds

  init(margins: [Margin], ridges: [Double], reached: [Double], bounds: UnitBounds) {
    self.margins = margins
    self.ridges = ridges
    self.reached = reached
    self.bounds = bounds
  }

  init(_ problem: CalibrationProblem, _ margins: [Margin], bounds: UnitBounds) throws(ImmerseError) {
    var solution: CalibrationProblem.Solution?
    for cost in [1.0, 1e2, 1e4, 1e6, 1e8] {
      solution = try problem.solve(tolerance: 1e-10, iterations: 200, cost: cost, from: solution?.eta)
    }
    self.init(
      margins: margins, ridges: problem.ridges, reached: solution?.reached ?? problem.targets, bounds: bounds)
  }

  /// The margins that are missed, the worst first.
  private var missed: [(margin: Margin, reached: Double)] {
    func error(_ one: (margin: Margin, reached: Double)) -> Double {
      let size = max(one.margin.total.magnitude, one.reached.magnitude, .leastNormalMagnitude)
      return (one.reached - one.margin.total).magnitude / size
    }
    let all = margins.indices.filter { ridges[$0] == 0 }.map { (margin: margins[$0], reached: reached[$0]) }
    return all.filter { error($0) > 1e-6 }.sorted { error($0) > error($1) }
  }

  var error: ImmerseError {
    let missed = missed
    guard let worst = missed.first else {
      return ImmerseError(
        .badData,
        "the margins are met only in the limit: some rows would need a weight of zero, or an endless one",
        variable: margins.first?.variable, remedy: "merge categories, drop a margin, or use --method linear")
    }
    let list = missed.prefix(4).map { one in
      "\(one.margin.variable) \(one.margin.name) \(digits(one.reached)) instead of \(digits(one.margin.total))"
    }
    let more = missed.count > 4 ? " and \(missed.count - 4) more" : ""
    return ImmerseError(
      .badData,
      "no weights\(limits) meet all margins; the nearest totals that can be met are "
        + list.joined(separator: ", ") + more, variable: worst.margin.variable,
      remedy: limits.isEmpty
        ? "correct these totals, merge their categories, or drop a margin" : "widen the bounds, or correct these totals"
    )
  }

  private var limits: String {
    if let range = bounds.ofWeight { return " between \(digits(range[0])) and \(digits(range[1]))" }
    if !bounds.columns.isEmpty { return " within the rows' bounds" }
    let (low, high) = (bounds.function.lower, bounds.function.upper)
    if high < .infinity { return " with g between \(digits(low)) and \(digits(high))" }
    return low > 0 ? " with g of at least \(digits(low))" : ""
  }

  /// Seven digits say where the trouble lies.
  private func digits(_ value: Double) -> String {
    guard value != 0, value.isFinite else { return NumberText.shortest(value) }
    var unit = 1.0
    while value.magnitude / unit >= 1e7 { unit *= 10 }
    while value.magnitude / unit < 1e6 && unit > 1e-300 { unit /= 10 }
    let rounded = unit >= 1 ? (value / unit).rounded() * unit : (value / unit).rounded() / (1 / unit).rounded()
    return NumberText.shortest(rounded)
  }
}

/// What margins have to satisfy whatever the weights.
enum Consistency {
  /// The relative error up to which a total counts as met where rounding ends the iteration.
  static let acceptable = 1e-9

  /// - Parameters:
  ///   - isExact: by margin, whether it may not be missed.
  ///   - startingTotals: Σ d x of every margin.
  /// - Throws: `badData` where the counts of two variables add up to different populations, or a count is wanted of
  ///   rows that all weigh nothing.
  static func check(
    _ margins: [Margin], isExact: [Bool], _ auxiliaries: Auxiliaries, startingTotals: [Double]
  ) throws(ImmerseError) {
    var byDomain: [Int: [String: (sum: Double, count: Int)]] = [:]
    for (term, margin) in margins.enumerated() where margin.counts {
      byDomain[auxiliaries.domainOfTerm[term], default: [:]][margin.variable, default: (0, 0)].sum += margin.total
      byDomain[auxiliaries.domainOfTerm[term], default: [:]][margin.variable, default: (0, 0)].count += 1
    }
    let soft = Set(zip(margins, isExact).filter { !$0.1 }.map(\.0.variable))
    let complete = auxiliaries.completeVariables.subtracting(soft)
    for (domain, sums) in byDomain.sorted(by: { $0.key < $1.key }) {
      let totals = sums.filter { complete.contains($0.key) }.sorted { $0.key < $1.key }
      guard let first = totals.first else { continue }
      for other in totals.dropFirst()
      where (other.value.sum - first.value.sum).magnitude > 1e-6 * max(other.value.sum, first.value.sum) {
        let place = auxiliaries.domainNames.count > 1 ? " in \(auxiliaries.domainNames[domain])" : ""
        let nearest = (first.value.sum + other.value.sum) / 2
        throw ImmerseError(
          .badData,
          "its totals add up to \(NumberText.shortest(other.value.sum)), those of \"\(first.key)\" to "
            + "\(NumberText.shortest(first.value.sum))\(place)", variable: other.key,
          remedy: "margins must describe one population: scale both to \(NumberText.shortest(nearest)), for example")
      }
    }
    for (term, margin) in margins.enumerated()
    where margin.counts && margin.total > 0 && startingTotals[term] == 0 && isExact[term] {
      throw ImmerseError(
        .badData, "all rows of the category \(margin.name) have weight zero", variable: margin.variable,
        remedy: "give them a weight, or merge the category with another")
    }
    if let term = startingTotals.firstIndex(where: { !$0.isFinite }) {
      throw ImmerseError(
        .badData, "the weighted total of \(margins[term].name) is more than a number can hold",
        variable: margins[term].variable, remedy: "rescale the weights")
    }
  }
}

extension Auxiliaries {
  /// The variables that count every cell once. O(entries).
  var completeVariables: Set<String> {
    var cells = [Int](repeating: 0, count: margins.count)
    for cell in 0..<cellCount {
      for entry in entries(ofCell: cell) { cells[entry.term] += 1 }
    }
    var counts: [String: Int] = [:]
    for (margin, count) in zip(margins, cells) where margin.counts { counts[margin.variable, default: 0] += count }
    return Set(counts.filter { $0.value == cellCount }.map(\.key))
  }
}
