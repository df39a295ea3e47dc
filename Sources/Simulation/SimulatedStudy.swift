public import Columnar
public import Streaming

/// Made-up children of made-up sites, with sampling weights, item answers and the truth behind them.
///
/// Rows are generated when they are read: any chunk in any order, by any number of threads, with the same bytes, and none
/// is kept. Sites are drawn with probability proportional to size from an infinite superpopulation of countries,
/// regions and strata, then children within sites; `truth` holds what estimates aim at.
///
/// ```swift
/// let study = try SimulatedStudy(.immerse, seed: 1)
/// let truth = study.truth
/// ```
///
/// The figures behind it are taken from publications where there are any and are assumed elsewhere; no column
/// describes a real child, site or region.
public struct SimulatedStudy: Source {
  public let preset: SimulationPreset
  public let seed: UInt64
  public let columnNames: [String]
  let sample: Sample
  private let draws: ChildDraws
  private let variables: [String: Variable]

  /// - Parameters:
  ///   - children: the number of rows, which scales the number of sites; nil for the preset's own.
  ///   - latent: whether to add what surveys never see: `TRUE_MATH`, `TEST_MATH` and the traits behind the scales,
  ///     `TRUE_BEL` and so on.
  /// - Throws: `usage` where there are too few children for two sites in every stratum.
  /// - Complexity: O(sites).
  public init(
    _ preset: SimulationPreset, children: Int? = nil, seed: UInt64 = 1, latent: Bool = false
  ) throws(ImmerseError) {
    var plan = StudyPlan(preset)
    if let children {
      let least = plan.leastChildren
      guard children >= least else {
        throw ImmerseError(
          .usage, "\(children) children are too few for the strata of \(preset.rawValue)",
          remedy: "ask for at least \(least)")
      }
      plan = plan.scaled(to: children)
    }
    self.preset = preset
    self.seed = seed
    sample = try Sample(plan, seed: seed)
    draws = ChildDraws(seed: seed, scales: plan.scales)
    let list = plan.variables(latent: latent)
    columnNames = list.map(\.name)
    variables = Dictionary(uniqueKeysWithValues: list.map { ($0.name, $0.variable) })
  }

  public var name: String { "simulated \(preset.rawValue), seed \(seed)" }
  public var rowCount: Int { sample.allocation.rowCount }
  public var siteCount: Int { sample.allocation.siteCount }

  public func types(of columns: [String]) throws(ImmerseError) -> [String: DataType] {
    try require(columns)
    return columns.reduce(into: [:]) { $0[$1] = variables[$1]?.isText == true ? .category : .float64 }
  }

  public func chunk(_ index: Int, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch {
    try batch(rows(ofChunk: index), columns)
  }

  /// The requested columns of any run of rows. O(rows) and O(log sites).
  ///
  /// - Throws: `badData` where a column does not exist or is text and asked for as a number.
  func batch(_ rows: Range<Int>, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch {
    var generator = RowGenerator(sample, draws, rows: rows)
    var batch = Batch([], rowCount: rows.count, firstRow: rows.lowerBound)
    for request in columns {
      guard let variable = variables[request.name] else { throw .missingColumn(request.name, among: columnNames) }
      batch.set(request.name, try generator.column(variable).delivered(as: request))
    }
    return batch
  }
}
