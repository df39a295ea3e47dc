import ImmerseStats

/// One task whose cost is measured. A new capability adds a file with its suite, and its name to `Suite.all`.
struct Suite: Sendable {
  let name: String
  let summary: String
  /// The columns the task has to look at: one reading of them is its unit of cost.
  let columns: [ColumnRequest]
  /// Loads what the task needs; not measured.
  let prepare: @Sendable (Input) throws -> Task

  struct Task {
    /// Carries the task out once.
    let run: () throws -> Answer
    /// For models: builds the cross-products once from rows already in memory.
    var gramPass: (() throws -> Void)?
  }

  /// Figures by which two programs' answers are compared.
  typealias Answer = [String: Double]

  static let all: [Suite] = [
    .ingestCSV, .ingestArrow, .ingestSPSS, .ingestParquet,
    .meansTaylor, .meansCountry, .replicatesPV, .rake(margins: 4), .rake(margins: 12),
    .fitTwoLevel,
    .fitTwoLevelSlope,
    .fitThreeLevelSlope, .fitShuffled, .fitWeighted, .fitCrossed, .scoreIndex, .aggregateIndex, .rankIndex,
    .uncertaintyDraws, .scoreScale, .wholeStudy,
  ]

  static func named(_ name: String) throws(ImmerseError) -> Suite {
    guard let suite = all.first(where: { $0.name == name }) else {
      throw ImmerseError(
        .usage, "there is no suite \"\(name)\"",
        remedy: "the suites are \(all.map(\.name).joined(separator: ", "))")
    }
    return suite
  }
}

/// Where a task finds its rows, and how many threads it may use.
struct Input {
  let data: BenchmarkData
  var engine: Engine
}
