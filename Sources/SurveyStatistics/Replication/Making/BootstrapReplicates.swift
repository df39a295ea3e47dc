import Columnar
import LinearAlgebra
import Probability
import Streaming

extension ReplicateFactors {
  /// How many replicates are made where nobody says.
  static let defaultCount = 80

  /// n − 1 of the n PSUs of each stratum, drawn with replacement; a PSU counts n/(n − 1) for each time it was drawn.
  static func raoWu(_ units: OrderedUnits, _ recipe: ReplicateRecipe) throws(ImmerseError) -> ReplicateFactors {
    let count = try bootstrapCount(units, recipe)
    let draws = RandomStreams(seed: recipe.seed, purpose: "replicates bootstrap")
    var factors = Matrix(
      rows: units.psuCount, columns: count, elements: [Double](repeating: 1, count: units.psuCount * count))
    for (rank, stratum) in units.strata.enumerated() {
      let n = stratum.units.count
      guard n > 1 else {
        try checkLonely(units, stratum)
        continue
      }
      var stream = draws[rank]
      for replicate in 0..<count {
        for (unit, times) in zip(stratum.units, stream.multiplicities(of: n - 1, among: n)) {
          factors[unit, replicate] = Double(times) * Double(n) / Double(n - 1)
        }
      }
    }
    return ReplicateFactors(
      byPSU: factors, units.frame,
      ReplicateVariance(
        scale: 1 / Double(count - 1), scales: [Double](repeating: 1, count: count), centre: recipe.centre),
      notes: fpcNotes(units, recipe.method))
  }

  /// The bootstrap of every stage of a sample without replacement.
  ///
  /// At one stage a unit counts 1 − s + s n/(n − 1) m, with m how often it was among n − 1 drawn with replacement and
  /// s = √(1 − π), π the list's sampling fraction: the factor's variance is then that of a sample without replacement.
  /// Below stage one the deviation from 1 is multiplied by √((1 − D)/(1 + D)), D = 1 − π of all stages above, which
  /// makes up for the spread that the factors above bring along (Beaumont and Émond 2022).
  static func raoWuYueBeaumont(
    _ units: OrderedUnits, _ recipe: ReplicateRecipe
  ) throws(ImmerseError) -> ReplicateFactors {
    let count = try bootstrapCount(units, recipe)
    let factors = try byStage(units, count, recipe) { n, fraction, stream in
      let spread = (1 - fraction).squareRoot()
      return stream.multiplicities(of: n - 1, among: n).map {
        spread * (Double($0) * Double(n) / Double(n - 1) - 1)
      }
    } combine: { above, deviation, probability in
      let d = 1 - probability
      return above * (1 + ((1 - d) / (1 + d)).squareRoot() * deviation)
    }
    return ReplicateFactors(
      byLeaf: factors,
      ReplicateVariance(
        scale: 1 / Double(count), scales: [Double](repeating: 1, count: count), centre: recipe.centre))
  }

  /// Factors 1 + Σ over stages of √(π above · (1 − f) n/(n − 1)) (z − z̄), z standard normal: their covariance is the
  /// quadratic form of the design's variance. They are drawn towards 1 by a common τ as far as keeps them above 0.01, and the
  /// variance is multiplied by τ².
  static func generalised(
    _ units: OrderedUnits, _ recipe: ReplicateRecipe
  ) throws(ImmerseError) -> ReplicateFactors {
    let count = try bootstrapCount(units, recipe)
    var factors = try byStage(units, count, recipe) { n, fraction, stream in
      let z = (0..<n).map { _ in stream.normal() }
      let mean = z.reduce(0, +) / Double(n)
      let spread = ((1 - fraction) * Double(n) / Double(n - 1)).squareRoot()
      return z.map { spread * ($0 - mean) }
    } combine: { above, deviation, probability in
      above + probability.squareRoot() * deviation
    }
    let smallest = factors.elements.min() ?? 1
    let tau = max(1, (1 - smallest) / 0.99)
    for index in factors.elements.indices { factors.elements[index] = (factors.elements[index] + tau - 1) / tau }
    return ReplicateFactors(
      byLeaf: factors,
      ReplicateVariance(
        scale: tau * tau / Double(count), scales: [Double](repeating: 1, count: count), centre: recipe.centre))
  }

  /// Goes down the stages: draws the deviations of the units of every list, and joins them to what the unit above has.
  private static func byStage(
    _ units: OrderedUnits, _ count: Int, _ recipe: ReplicateRecipe,
    draw: (_ n: Int, _ fraction: Double, _ stream: inout RandomStream) -> [Double],
    combine: (_ above: Double, _ deviation: Double, _ probability: Double) -> Double
  ) throws(ImmerseError) -> Matrix {
    let frame = units.frame
    let strata = frame.stratumCount
    var above = Matrix(rows: strata, columns: count, elements: [Double](repeating: 1, count: strata * count))
    var probability = [Double](repeating: 1, count: strata)
    for stage in units.lists.indices {
      let unitCount = frame.parents[stage].count
      let draws = RandomStreams(seed: recipe.seed, purpose: "replicates \(recipe.method.name) stage \(stage + 1)")
      var factors = Matrix(rows: unitCount, columns: count)
      var nextProbability = [Double](repeating: 0, count: unitCount)
      for (rank, list) in units.lists[stage].enumerated() {
        let (n, fraction) = (list.units.count, units.fraction(list, stage: stage))
        let isSpread = n > 1 && fraction < 1 && probability[list.number] > 0
        if n == 1 && fraction < 1 && probability[list.number] > 0 { try checkLonely(units, list, stage: stage) }
        for unit in list.units { nextProbability[unit] = probability[list.number] * fraction }
        var stream = draws[rank]
        for replicate in 0..<count {
          let deviations = isSpread ? draw(n, fraction, &stream) : [Double](repeating: 0, count: n)
          for (unit, deviation) in zip(list.units, deviations) {
            factors[unit, replicate] = combine(above[list.number, replicate], deviation, probability[list.number])
          }
        }
      }
      (above, probability) = (factors, nextProbability)
    }
    return above
  }

  private static func bootstrapCount(
    _ units: OrderedUnits, _ recipe: ReplicateRecipe
  ) throws(ImmerseError) -> Int {
    let count = recipe.count ?? defaultCount
    guard count >= 2 else {
      throw ImmerseError(.usage, "\(count) replicates have no spread", remedy: "ask for at least two with --count")
    }
    try checkSize(units, count: count, recipe.method)
    return count
  }

  /// A lone unit either is to be left as it is, or is refused.
  private static func checkLonely(
    _ units: OrderedUnits, _ list: OrderedUnits.List, stage: Int = 0
  ) throws(ImmerseError) {
    if units.fraction(list, stage: stage) >= 1 { return }
    switch units.frame.design.lonelyPSU {
    case .certainty, .remove: return
    case .fail: throw lonely(units, list, stage: stage)
    case .adjust, .average:
      throw ImmerseError(
        .usage, "--lonely-psu \(units.frame.design.lonelyPSU.rawValue) has no meaning for bootstrap replicates",
        remedy: "choose certainty or remove, or use jkn")
    }
  }
}

extension RandomStream {
  /// How often each of `count` units was drawn in `draws` draws with replacement.
  fileprivate mutating func multiplicities(of draws: Int, among count: Int) -> [Int] {
    var times = [Int](repeating: 0, count: count)
    for _ in 0..<draws { times[below(count)] += 1 }
    return times
  }
}
