import Columnar
import Streaming

/// Reads the design's columns alone: what has to be known before weights can come from population sizes.
struct FrameFit: Fit {
  let design: SurveyDesign
  let strata: StratumNames
  /// Whether each row needs a place of its own where rows are the sampling units.
  let numbersRows: Bool

  var columns: [ColumnRequest] { design.columns }

  var signature: String { "design \(design) \(strata.levels.map(\.names))" }

  func makePartial() -> Partial { Partial(tree: UnitTree(design, numbersRows: numbersRows)) }

  func finish(_ partial: Partial) throws(ImmerseError) -> (tree: UnitTree, frame: DesignFrame) {
    (partial.tree, try DesignFrame(partial.tree, strata: strata))
  }

  struct Partial: Streaming.Partial {
    var tree: UnitTree

    mutating func absorb(_ batch: Batch) throws(ImmerseError) { _ = try tree.locate(batch) }

    mutating func merge(_ other: Partial) throws(ImmerseError) { _ = try tree.merge(other.tree) }

    func write(to blob: inout BlobWriter) { tree.write(to: &blob) }

    mutating func read(from blob: inout BlobReader) throws(ImmerseError) { try tree.read(from: &blob) }
  }
}
