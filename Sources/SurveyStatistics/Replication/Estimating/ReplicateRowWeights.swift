import Columnar
import Streaming

/// The replicate weights of rows, for passes that need them row by row.
enum ReplicateRowWeights: Sendable {
  /// Columns of full replicate weights.
  case given([String])
  /// The design's weights times the factors of the row's sampling unit.
  case made(MadeReplicates)

  var count: Int {
    switch self {
    case .given(let columns): columns.count
    case .made(let replicates): replicates.factors.variance.count
    }
  }

  /// What errors call a replicate.
  func name(_ replicate: Int) -> String {
    switch self {
    case .given(let columns): columns[replicate]
    case .made: "replicate \(replicate + 1)"
    }
  }

  var columns: [ColumnRequest] {
    switch self {
    case .given(let columns): columns.map { .number($0) }
    case .made(let replicates): replicates.tree.design.columns
    }
  }

  /// The weights of some replicates.
  ///
  /// - Throws: `badData` for a row without a weight, with an infinite or a negative one.
  func of(_ batch: Batch, _ replicates: Range<Int>) throws(ImmerseError) -> [Buffer<Double>] {
    switch self {
    case .given(let columns):
      return try columns[replicates].map { name throws(ImmerseError) in try batch.weights(name) }
    case .made(let made): return try made.weights(of: batch, replicates)
    }
  }
}

/// Replicates that are made of a design whose units are all known.
struct MadeReplicates: Sendable {
  let tree: UnitTree
  let factors: ReplicateFactors
  /// By lowest unit, where weights come from population sizes.
  let weightsByUnit: [Double]?

  /// Reads the design's columns once.
  ///
  /// - Throws: `usage` or `badData` where the method does not fit the sample.
  init(
    _ recipe: ReplicateRecipe, _ design: SurveyDesign, _ strata: StratumNames, of dataset: Dataset, with engine: Engine
  ) throws(ImmerseError) {
    let found = try dataset.fit(FrameFit(design: design, strata: strata, numbersRows: true), with: engine)
    tree = found.tree
    factors = try ReplicateFactors.make(recipe, found.tree, found.frame)
    weightsByUnit = design.weighsByFPC ? found.frame.weightsByFPC : nil
  }

  fileprivate func weights(of batch: Batch, _ replicates: Range<Int>) throws(ImmerseError) -> [Buffer<Double>] {
    var tree = tree
    let located = try tree.locate(batch, weightOf: weightsByUnit)
    return replicates.map { replicate in
      Buffer(count: batch.rowCount) { target in
        factors.fill(target, located, replicate: replicate)
      }
    }
  }
}
