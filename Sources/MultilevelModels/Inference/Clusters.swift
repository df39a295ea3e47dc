import Columnar
import LinearAlgebra
import ModelFormula
import Streaming

/// The clusters whose scores a sandwich adds up: sets of top-level groups, drawn within strata.
struct Clusters {
  struct Stratum {
    var clusters: Int
    /// 1 − f, f the fraction of clusters drawn.
    var correction: Double
  }

  /// The cluster of each top-level group, the stratum of each cluster.
  private let clusters: [Int]
  private let stratumOfCluster: [Int]
  private let strata: [Stratum]
  let isStratified: Bool

  var count: Int { stratumOfCluster.count }
  var degreesOfFreedom: Int { count - strata.count }
  var strataCount: Int { strata.count }

  /// - Throws: `badData` where a top-level group lies in several clusters or strata, a stratum has one cluster only, or
  ///   the population correction is none.
  init(_ grams: NestedGrams) throws(ImmerseError) {
    let options = grams.plan.inference
    let nesting = grams.nesting
    let topCount = nesting.levels[nesting.levels.count - 1].count
    var ancestors = Array(0..<nesting.levels[0].count)
    for level in nesting.levels.dropLast() { ancestors = ancestors.map { level.parents[$0] } }
    let label = nesting.levels[nesting.levels.count - 1].factor.label

    /// The codes of a design column by top-level group.
    func codes(_ name: String?) throws(ImmerseError) -> [Int32] {
      guard let name, let column = grams.designCodes[name] else { return [] }
      var codes = [Int32](repeating: -1, count: topCount)
      for (lowest, top) in ancestors.enumerated() {
        guard codes[top] < 0 || codes[top] == column[lowest] else {
          throw ImmerseError(
            .badData, "differs within groups of \(label), the top level of the model", variable: name,
            remedy: "clusters and strata hold whole top-level groups")
        }
        codes[top] = column[lowest]
      }
      return codes
    }
    let (psus, stratumCodes) = (try codes(options.psu), try codes(options.strata))
    let fractions = try Self.fractions(grams, try codes(options.fpc))

    var index = KeyIndex()
    var strataIndex = KeyIndex()
    var clusters: [Int] = []
    var stratumOfCluster: [Int] = []
    var strata: [Stratum] = []
    var populations: [Double?] = []
    var names: [String] = []
    for group in 0..<topCount {
      let code = stratumCodes.isEmpty ? 0 : Int(stratumCodes[group])
      let stratum = strataIndex.insert(UInt64(code))
      if stratum == strata.count {
        strata.append(Stratum(clusters: 0, correction: 1))
        populations.append(fractions?[group])
        names.append(options.strata.flatMap { grams.levelName($0, Int32(code)) } ?? "")
      }
      if let fractions, populations[stratum] != fractions[group] {
        throw ImmerseError(.badData, "differs within a stratum", variable: options.fpc)
      }
      let cluster = index.insert(KeyIndex.pair(stratum, psus.isEmpty ? group : Int(psus[group])))
      if cluster == stratumOfCluster.count {
        stratumOfCluster.append(stratum)
        strata[stratum].clusters += 1
      }
      clusters.append(cluster)
    }
    for (stratum, population) in populations.enumerated() {
      let drawn = strata[stratum].clusters
      if let population {
        let fraction = population > 1 ? Double(drawn) / population : population
        guard fraction <= 1 else {
          throw ImmerseError(
            .badData, "says that fewer clusters exist than were drawn", variable: options.fpc,
            remedy: "give the number of clusters in the stratum's population, or the fraction drawn")
        }
        strata[stratum].correction = 1 - fraction
      }
      guard drawn > 1 || strata[stratum].correction == 0 else {
        throw ImmerseError(
          .badData, strata.count == 1 ? "there is one cluster only" : "stratum \(names[stratum]) has one cluster only",
          variable: options.strata, remedy: "merge it with another stratum; one cluster shows no variation")
      }
    }
    self.clusters = clusters
    self.stratumOfCluster = stratumOfCluster
    self.strata = strata
    isStratified = options.strata != nil
  }

  private static func fractions(_ grams: NestedGrams, _ codes: [Int32]) throws(ImmerseError) -> [Double]? {
    guard !codes.isEmpty, let name = grams.plan.inference.fpc else { return nil }
    let levels = grams.frame.groups.first { $0.name == name }?.levels
    guard let numbers = levels?.numbers, numbers.allSatisfy({ $0 > 0 }) else {
      throw ImmerseError(
        .badData, "holds no population sizes or sampling fractions", variable: name, remedy: "give positive numbers")
    }
    return codes.map { numbers[Int($0)] }
  }

  /// Σ_h (1 − f_h) J_h/(J_h − 1) Σ_g (s_g − s̄_h)(s_g − s̄_h)', of the clusters' sums of scores; about zero where there
  /// is one stratum, at whose optimum scores add up to zero.
  func meat(_ scores: [[Double]]) throws(NumericalError) -> Matrix {
    let size = scores.first?.count ?? 0
    var sums = Matrix(rows: size, columns: count)
    for (group, score) in scores.enumerated() {
      for (i, value) in score.enumerated() { sums[i, clusters[group]] += value }
    }
    var means = Matrix(rows: size, columns: strata.count)
    if isStratified {
      for (cluster, stratum) in stratumOfCluster.enumerated() {
        for i in 0..<size { means[i, stratum] += sums[i, cluster] / Double(strata[stratum].clusters) }
      }
    }
    for (cluster, stratum) in stratumOfCluster.enumerated() {
      let members = Double(strata[stratum].clusters)
      let factor = members > 1 ? (strata[stratum].correction * members / (members - 1)).squareRoot() : 0
      for i in 0..<size { sums[i, cluster] = factor * (sums[i, cluster] - means[i, stratum]) }
    }
    return try sums.timesTransposed(sums)
  }
}
