public import Columnar
import LinearAlgebra
public import Streaming

/// Replicate weights, frozen: applied to rows, it adds a column for each replicate.
public struct ReplicateModel: Transform {
  let request: ReplicatesRequest
  let factors: ReplicateFactors
  private let tree: UnitTree
  /// By lowest unit, where weights come from population sizes.
  private let leafWeights: [Double]?
  public let summary: ReplicatesSummary

  /// Of the columns of strata and sampling units.
  private let levels: [String: Levels]

  init(
    request: ReplicatesRequest, tree: UnitTree, frame: DesignFrame, levels: [String: Levels], factors: ReplicateFactors
  ) {
    self.request = request
    self.levels = levels
    self.factors = factors
    self.tree = tree.withoutRows()
    leafWeights = request.design.weighsByFPC ? frame.weightsByFPC : nil
    summary = ReplicatesSummary(
      method: request.method, columns: (1...factors.variance.count).map { "\(request.prefix)\($0)" },
      variance: factors.variance, rows: frame.rowCount, strata: frame.stratumCount, psus: frame.psuCount,
      notes: factors.notes)
  }

  public var inputs: [ColumnRequest] { request.design.columns }

  public var outputs: [Field] { summary.columns.map { Field($0, .float64) } }

  /// - Throws: `badData` for a row of a sampling unit that was not in the data the replicates were made of.
  public func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    let located = try locate(batch)
    var weighted = batch
    for (replicate, name) in summary.columns.enumerated() {
      let column = Buffer<Double>(count: batch.rowCount) { target in
        factors.fill(target, located, replicate: replicate)
      }
      weighted.set(name, Column(.float64(column)))
    }
    return weighted
  }

  private func locate(_ batch: Batch) throws(ImmerseError) -> LocatedRows {
    var frozen = batch
    for name in request.design.strata + request.design.psu {
      let categories = try batch.complete(name).recoded(to: levels[name] ?? Levels([]))
      if let row = categories.codes.withUnsafeBufferPointer({ $0.firstIndex { $0 < 0 } }) {
        throw unknownUnit(batch.firstRow + row)
      }
      frozen.set(name, Column(.category(categories.codes, categories.levels)))
    }
    var seen = tree
    var located = try seen.locate(frozen)
    if let row = located.units.firstIndex(where: { $0 >= factors.matrix.rows }) {
      throw unknownUnit(batch.firstRow + row)
    }
    if let leafWeights { located.weights = located.units.map { leafWeights[Int($0)] } }
    return located
  }

  private func unknownUnit(_ row: Int) -> ImmerseError {
    ImmerseError(
      .badData, "is of a sampling unit the replicates were not made of", row: row,
      variable: request.design.psu.first ?? request.design.strata.first)
  }
}

/// What replicate weights are, and how estimates from them become a variance.
public struct ReplicatesSummary: Sendable {
  public var method: ReplicateMethod
  public var columns: [String]
  public var variance: ReplicateVariance
  public var rows: Int
  public var strata: Int
  public var psus: Int
  public var notes: [Note]
}
