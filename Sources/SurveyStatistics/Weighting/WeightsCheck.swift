import Columnar
import Streaming

/// Compares a column of weights with those that a model makes of the same rows.
struct WeightsCheck: Fit {
  let model: CalibrationModel

  var columns: [ColumnRequest] { model.inputs + [.number(model.output)] }
  var signature: String { "check \(model.output)" }

  func makePartial() -> Partial { Partial(model: model) }
  func finish(_ partial: Partial) throws(ImmerseError) -> Bool { partial.agrees }

  struct Partial: Streaming.Partial {
    let model: CalibrationModel
    private(set) var agrees = true

    init(model: CalibrationModel) { self.model = model }

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      let given = try batch.numbers(model.output)
      let made = try model.apply(to: batch).numbers(model.output)
      for row in 0..<batch.rowCount where !((given[row] - made[row]).magnitude <= 1e-6 * made[row].magnitude) {
        agrees = false
      }
    }

    mutating func merge(_ other: Partial) throws(ImmerseError) { agrees = agrees && other.agrees }
    func write(to blob: inout BlobWriter) { blob.write([agrees ? 1 : 0]) }
    mutating func read(from blob: inout BlobReader) throws(ImmerseError) { agrees = try blob.integers() == [1] }
  }
}

/// The range of g that a model gives to rows.
struct FactorRange: Fit {
  let model: CalibrationModel

  var columns: [ColumnRequest] { model.inputs }
  var signature: String { "factors \(model.output)" }

  func makePartial() -> Partial { Partial(model: model) }
  func finish(_ partial: Partial) throws(ImmerseError) -> ClosedRange<Double>? {
    partial.smallest <= partial.largest ? partial.smallest...partial.largest : nil
  }

  struct Partial: Streaming.Partial {
    let model: CalibrationModel
    private(set) var smallest = Double.infinity
    private(set) var largest = -Double.infinity

    init(model: CalibrationModel) { self.model = model }

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      let base = try model.plan.startingWeights(batch)
      let made = try model.apply(to: batch).numbers(model.output)
      for row in 0..<batch.rowCount where base.map({ $0[row] > 0 }) ?? true {
        let g = made[row] / (base?[row] ?? 1)
        smallest = min(smallest, g)
        largest = max(largest, g)
      }
    }

    mutating func merge(_ other: Partial) throws(ImmerseError) {
      smallest = min(smallest, other.smallest)
      largest = max(largest, other.largest)
    }

    func write(to blob: inout BlobWriter) { blob.write([smallest, largest]) }

    mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
      let range = try blob.doubles()
      guard range.count == 2 else { throw .brokenPartial }
      (smallest, largest) = (range[0], range[1])
    }
  }
}

extension Weighting {
  /// The model behind weights that are already in a file, from the request that made them, so that standard errors know
  /// the margins.
  ///
  /// - Throws: `badData` where the request makes other weights of these rows.
  /// - Complexity: Two passes.
  public static func recall(
    _ request: WeightingRequest, on source: any Source, engine: Engine = Engine()
  ) throws(ImmerseError) -> CalibrationModel {
    let dataset = try Dataset(source, columns: try columns(request) + [.number(request.output)], engine: engine)
    let model = try dataset.fit(try fit(request, of: dataset), with: engine)
    guard try dataset.fit(WeightsCheck(model: model), with: engine) else {
      throw ImmerseError(
        .badData, "the recorded step makes other weights of these rows", variable: request.output,
        remedy: "use the file as it was weighted: all rows, in the same columns")
    }
    return model
  }
}
