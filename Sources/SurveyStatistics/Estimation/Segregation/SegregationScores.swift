import Columnar
import Streaming

/// The linearised value of an index of segregation, row by row.
struct SegregationScores: Sendable, Hashable {
  let columns: SegregationColumns
  let index: SegregationIndex
  /// By domain and the unit's code, for a row of the group and for another.
  private let byUnit: [Int: [Int: (ofGroup: Double, ofOthers: Double)]]

  static func == (a: SegregationScores, b: SegregationScores) -> Bool { a.columns == b.columns && a.index == b.index }

  func hash(into hasher: inout Hasher) {
    hasher.combine(columns)
    hasher.combine(index)
  }

  /// NaN where the group or the unit is missing.
  func terms(_ batch: Batch, _ domains: [Int]) throws(ImmerseError) -> Buffer<Double> {
    let codes = try batch.categories(columns.unit).codes.array
    let membership = try columns.membership(batch)
    return Buffer(
      codes.indices.map { row in
        if codes[row] < 0 || membership[row].isNaN { return .nan }
        guard let own = byUnit[domains[row]]?[Int(codes[row])] else { return 0 }
        return membership[row] == 1 ? own.ofGroup : own.ofOthers
      })
  }

  /// A statistic for each index, with its value in every domain.
  ///
  /// - Throws: `usage` where the variable is not written as `group:unit`, `badData` where the columns do not hold a group
  ///   and units.
  static func statistics(
    _ context: ModelContext, _ dataset: Dataset, _ engine: Engine
  ) throws(ImmerseError) -> [Statistic] {
    let columns = try SegregationColumns(context.request, dataset.profile)
    let domains = try dataset.fit(SegregationFit(context: context, segregated: columns), with: engine)
    var values: [SegregationIndex: [Int: Double]] = [:]
    var scores: [SegregationIndex: [Int: [Int: (ofGroup: Double, ofOthers: Double)]]] = [:]
    for (domain, compositions) in domains {
      let units = compositions.keys.sorted()
      let table = SegregationTable(units.compactMap { compositions[$0] })
      for (index, linear) in table.indices ?? [:] where linear.isFinite {
        values[index, default: [:]][domain] = linear.value
        scores[index, default: [:]][domain] = Dictionary(
          uniqueKeysWithValues: units.indices.map { (units[$0], (linear.ofGroup[$0], linear.ofOthers[$0])) })
      }
    }
    let replicates = try replicates(context, columns, of: domains.keys.sorted(), dataset, engine)
    return SegregationIndex.allCases.map { index in
      Statistic(
        term: index.rawValue,
        terms: .segregation(SegregationScores(columns: columns, index: index, byUnit: scores[index] ?? [:])),
        function: .first, comparison: nil, known: values[index] ?? [:], knownReplicates: replicates[index] ?? [:])
    }
  }

  /// By index and domain, its value under every replicate, all of them from one pass.
  private static func replicates(
    _ context: ModelContext, _ columns: SegregationColumns, of domains: [Int], _ dataset: Dataset, _ engine: Engine
  ) throws(ImmerseError) -> [SegregationIndex: [Int: [Double]]] {
    guard let weights = context.replicates else { return [:] }
    var pass = Pass()
    let tickets = (0..<weights.count).map { replicate in
      var own = context
      own.replicate = replicate
      return pass.add(SegregationFit(context: own, segregated: columns))
    }
    let found = try pass.run(over: dataset, with: engine)
    var values: [SegregationIndex: [Int: [Double]]] = [:]
    for ticket in tickets {
      let compositions = try found[ticket]
      for domain in domains {
        let units = compositions[domain] ?? [:]
        let indices = SegregationTable(units.keys.sorted().compactMap { units[$0] }).indices
        for index in SegregationIndex.allCases {
          values[index, default: [:]][domain, default: []].append(indices?[index]?.value ?? .nan)
        }
      }
    }
    return values
  }
}

extension SegregationScores: CustomStringConvertible {
  /// The same in every process, for the signatures of partials.
  var description: String { "segregation \(columns) \(index)" }
}
