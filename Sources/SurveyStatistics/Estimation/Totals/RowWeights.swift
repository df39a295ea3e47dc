import Columnar
import Streaming

/// The design's weight of every row, for passes that need nothing else of the design.
struct RowWeights: Sendable {
  private let design: SurveyDesign
  private var tree: UnitTree?
  private let byUnit: [Double]

  /// - Parameter known: what an earlier pass learned, where weights come from population sizes.
  init(_ design: SurveyDesign, _ known: (tree: UnitTree, weights: [Double])?) {
    self.design = design
    tree = known?.tree.withoutRows()
    byUnit = known?.weights ?? []
  }

  /// - Throws: `badData` for a weight that cannot be one.
  mutating func of(_ batch: Batch) throws(ImmerseError) -> [Double] {
    if tree != nil { return try tree?.locate(batch, weightOf: byUnit).weights ?? [] }
    return try batch.weights(of: design) ?? Array(repeating: 1, count: batch.rowCount)
  }
}
