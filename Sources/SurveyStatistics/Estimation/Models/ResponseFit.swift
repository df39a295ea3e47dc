import Columnar
import Streaming

/// The weighted distribution of a model's response over the rows the model is of.
struct ResponseFit: Fit {
  let context: ModelContext
  let design: ModelDesign

  var columns: [ColumnRequest] { context.columns(of: design.frame) }

  var signature: String { "response \(context.request) \(design.names)" }

  func makePartial() -> Partial { Partial(fit: self, weights: context.weights) }

  /// The distinct values in ascending order, each with the sum of its weights.
  ///
  /// - Complexity: O(distinct values) of memory.
  func finish(_ partial: Partial) throws(ImmerseError) -> [(value: Double, weight: Double)] {
    partial.sums.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  struct Partial: Streaming.Partial {
    let fit: ResponseFit
    fileprivate var weights: RowWeights
    /// By value.
    fileprivate(set) var sums: [Double: Double] = [:]

    fileprivate init(fit: ResponseFit, weights: RowWeights) {
      self.fit = fit
      self.weights = weights
    }

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      let weights = try weights.of(batch)
      let (rows, used) = try fit.context.rows(of: fit.design, in: batch, weights: weights)
      for row in used { sums[rows.response[row], default: 0] += weights[row] }
    }

    mutating func merge(_ other: Partial) throws(ImmerseError) { sums.merge(other.sums, uniquingKeysWith: +) }

    func write(to blob: inout BlobWriter) {
      blob.write(Array(sums.keys))
      blob.write(Array(sums.values))
    }

    mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
      let (values, weights) = (try blob.doubles(), try blob.doubles())
      guard values.count == weights.count, Set(values).count == values.count else { throw .brokenPartial }
      sums = Dictionary(uniqueKeysWithValues: zip(values, weights))
    }
  }
}
