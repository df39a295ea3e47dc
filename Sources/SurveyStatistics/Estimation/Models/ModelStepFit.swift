import Columnar
import Expressions
import ModelFormula
import Streaming

/// The rows a model is of: those in a domain, with a weight and all variables.
struct ModelContext: Sendable {
  let request: EstimateRequest
  let domains: DomainKeys
  let filter: Expression?
  /// What an earlier pass learned, where weights come from population sizes.
  let known: (tree: UnitTree, weights: [Double])?
  /// The replicates in which the model is fitted anew; nil where its variance is linearised.
  var replicates: ReplicateRowWeights?
  /// The replicate whose weights count; nil for those of the full sample.
  var replicate: Int?

  func columns(of frame: ModelFrame) -> [ColumnRequest] {
    request.design.columns + frame.columnRequests + (filter?.columnRequests ?? []) + (replicates?.columns ?? [])
  }

  var weights: RowWeights { RowWeights(request.design, known, replicates, replicate) }
}

/// One Newton step's sums over the rows.
struct ModelStepFit: Fit {
  let context: ModelContext
  let design: ModelDesign
  /// Nil at the start of a generalised linear model.
  let parameters: [Double]?

  var columns: [ColumnRequest] { context.columns(of: design.frame) }

  var signature: String {
    "model step \(context.request) \(design.names) \(ModelScores.signature(of: parameters ?? []))"
  }

  func makePartial() -> Partial { Partial(self) }

  func finish(_ partial: Partial) throws(ImmerseError) -> ModelSums { partial.sums }

  struct Partial: Streaming.Partial {
    private let fit: ModelStepFit
    private var weights: RowWeights
    private(set) var sums: ModelSums

    init(_ fit: ModelStepFit) {
      self.fit = fit
      weights = fit.context.weights
      sums = ModelSums(parameters: fit.design.parameterCount)
    }

    private static let blockRows = 2048

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      let weights = try weights.of(batch)
      let (rows, used) = try fit.context.rows(of: fit.design, in: batch, weights: weights)
      for start in stride(from: 0, to: used.count, by: Partial.blockRows) {
        let block = used[start..<min(start + Partial.blockRows, used.count)]
        if let distribution = fit.design.family.distribution {
          try sums.add(block, of: rows, weights: weights, distribution, at: fit.parameters)
        } else if let parameters = fit.parameters {
          try sums.add(block, of: rows, weights: weights, at: parameters)
        }
      }
    }

    mutating func merge(_ other: Partial) throws(ImmerseError) { sums.merge(other.sums) }

    func write(to blob: inout BlobWriter) { sums.write(to: &blob) }

    mutating func read(from blob: inout BlobReader) throws(ImmerseError) { try sums.read(from: &blob) }
  }
}

extension ModelContext {
  /// The rows of a batch, and which of them the model is of.
  ///
  /// - Throws: `badData` for a response that the family does not have.
  func rows(
    of design: ModelDesign, in batch: Batch, weights: [Double]
  ) throws(ImmerseError) -> (rows: ModelRows, used: [Int]) {
    let keys = try domains.keys(batch, where: filter)
    var missing = [Int](repeating: 0, count: design.frame.variableNames.count)
    let rows = try ModelRows(design, batch, missing: &missing)
    let used = rows.complete.map { Int($0) }.filter { keys[$0] >= 0 && weights[$0] != 0 }
    if let distribution = design.family.distribution,
      let row = used.first(where: { !distribution.allows(rows.response[$0]) })
    {
      throw ImmerseError(
        .badData, "is a response that the family \(design.family.rawValue) does not have", row: batch.firstRow + row,
        variable: design.frame.variableNames[0], remedy: "it takes \(distribution.responses)")
    }
    return (rows, used)
  }
}
