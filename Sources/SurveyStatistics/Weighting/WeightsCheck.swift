import Columnar
import Streaming

/// Weights that are in the data, kept beside those that the recorded steps make of the same rows.
struct GivenWeights: Transform {
  let column: String

  static let suffix = " as given"

  var inputs: [ColumnRequest] { [.number(column)] }
  var outputs: [Field] { [Field(column + GivenWeights.suffix, .float64)] }

  func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    var both = batch
    both.set(column + GivenWeights.suffix, Column(.float64(try batch.numbers(column))))
    return both
  }
}

/// Compares weights that were given with those that were made.
struct WeightsCheck: Fit {
  let column: String

  private var given: String { column + GivenWeights.suffix }
  var columns: [ColumnRequest] { [.number(column), .number(given)] }
  var signature: String { "check \(column)" }

  func makePartial() -> Partial { Partial(column: column, given: given) }
  func finish(_ partial: Partial) throws(ImmerseError) -> Bool { partial.agrees }

  struct Partial: Streaming.Partial {
    let column: String
    let given: String
    private(set) var agrees = true

    init(column: String, given: String) {
      self.column = column
      self.given = given
    }

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      let (given, made) = (try batch.numbers(given), try batch.numbers(column))
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
