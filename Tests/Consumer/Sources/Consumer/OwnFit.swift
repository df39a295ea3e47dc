import ImmerseStats

/// A fit of one's own: the weighted mean of a column.
struct WeightedMean: Fit {
  let variable: String
  let weights: String

  var columns: [ColumnRequest] { [.number(variable), .number(weights)] }
  var signature: String { "weighted mean of \(variable) by \(weights)" }

  func makePartial() -> Partial { Partial(fit: self) }

  func finish(_ partial: Partial) throws(ImmerseError) -> Deviation {
    guard partial.weight > 0 else {
      throw ImmerseError(.badData, "no row has a value and a weight", variable: variable)
    }
    return Deviation(variable: variable, mean: partial.total / partial.weight)
  }

  struct Partial: Streaming.Partial {
    let fit: WeightedMean
    var weight = 0.0
    var total = 0.0

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      let values = try batch.numbers(fit.variable)
      let weights = try batch.numbers(fit.weights)
      for row in 0..<batch.rowCount where !values[row].isNaN {
        weight += weights[row]
        total += weights[row] * values[row]
      }
    }

    mutating func merge(_ other: Partial) throws(ImmerseError) {
      weight += other.weight
      total += other.total
    }

    func write(to blob: inout BlobWriter) {
      blob.write(weight)
      blob.write(total)
    }

    mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
      weight = try blob.double()
      total = try blob.double()
    }
  }
}

/// What the fit froze, applied to rows: how far each lies from the mean.
struct Deviation: Transform {
  let variable: String
  let mean: Double

  var inputs: [ColumnRequest] { [.number(variable)] }
  var outputs: [Field] { [Field("deviation", .float64)] }

  func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    let values = try batch.numbers(variable)
    var extended = batch
    extended.set("deviation", Column((0..<batch.rowCount).map { values[$0] - mean }))
    return extended
  }
}

func ownFitChecks() throws -> [Check] {
  let fit = WeightedMean(variable: "math", weights: "weight")
  let engine = Engine()
  let dataset = try Dataset(children, columns: fit.columns, engine: engine)
  let model = try dataset.fit(fit, with: engine)
  let deviations = try children.applying(model).chunk(0, [.number("deviation")]).numbers("deviation")
  return [
    Check("mean of an own fit", model.mean, 511.959183673469397),
    Check("first deviation", deviations[0], 406 - 511.959183673469397),
    try savedPartialCheck(fit, dataset),
  ]
}

/// Two parts of the rows, summed up apart and merged.
private func savedPartialCheck(_ fit: WeightedMean, _ dataset: Dataset) throws -> Check {
  let rows = try dataset.chunk(0, fit.columns)
  var first = fit.makePartial()
  try first.absorb(rows)
  let bytes = SavedPartial.encode(first, of: fit)

  var whole = fit.makePartial()
  try whole.merge(try SavedPartial.decode(bytes, of: fit))
  return Check("mean of a saved partial", try fit.finish(whole).mean, 511.959183673469397)
}
