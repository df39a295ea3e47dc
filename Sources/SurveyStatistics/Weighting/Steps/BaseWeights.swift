public import Columnar
public import Streaming

/// Base weights of a sample: one over the product of the inclusion probabilities of every stage.
public struct BaseWeights: Transform {
  /// Columns of probabilities, above 0 and at most 1.
  public var probabilities: [String]
  /// The column the weights are written to.
  public var output: String

  /// - Throws: `usage` where no probability is named.
  public init(probabilities: [String], output: String = "weight") throws(ImmerseError) {
    guard !probabilities.isEmpty else {
      throw ImmerseError(.usage, "no inclusion probability is named", remedy: "name one column a stage")
    }
    self.probabilities = probabilities
    self.output = output
  }

  public var inputs: [ColumnRequest] { probabilities.map { .number($0) } }
  public var outputs: [Field] { [Field(output, .float64)] }

  /// - Throws: `badData` for a row without such a probability.
  public func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    var weighted = batch
    weighted.set(output, Column(try batch.baseWeights(probabilities)))
    return weighted
  }
}
