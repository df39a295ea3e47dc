import Columnar
import Streaming

/// The design's weight of every row, for passes that need nothing else of the design.
struct RowWeights: Sendable {
  private let design: SurveyDesign
  private var tree: UnitTree?
  private let byUnit: [Double]
  private let replicates: ReplicateRowWeights?
  private let replicate: Int?

  /// - Parameters:
  ///   - known: what an earlier pass learned, where weights come from population sizes.
  ///   - replicate: whose weights count in place of the design's.
  init(
    _ design: SurveyDesign, _ known: (tree: UnitTree, weights: [Double])?, _ replicates: ReplicateRowWeights? = nil,
    _ replicate: Int? = nil
  ) {
    self.design = design
    self.replicates = replicates
    self.replicate = replicate
    tree = known?.tree.withoutRows()
    byUnit = known?.weights ?? []
  }

  /// - Throws: `badData` for a weight that cannot be one.
  mutating func of(_ batch: Batch) throws(ImmerseError) -> [Double] {
    if let replicates, let replicate { return try replicates.of(batch, replicate..<replicate + 1)[0].array }
    if tree != nil { return try tree?.locate(batch, weightOf: byUnit).weights ?? [] }
    return try batch.weights(of: design) ?? Array(repeating: 1, count: batch.rowCount)
  }
}
