import Columnar
import ModelFormula

/// A model's design over the rows of a batch, its columns shifted and scaled.
struct ModelRows {
  let columns: [Buffer<Double>]
  let response: Buffer<Double>
  /// The rows in which no variable is missing.
  let complete: [Int32]

  /// - Parameter missing: by variable of the frame, how many rows were left out because of it.
  /// - Throws: `badData` where a column holds text or an infinite number.
  init(
    _ frame: ModelFrame, _ scales: [ColumnScale], _ batch: Batch, missing: inout [Int]
  ) throws(ImmerseError) {
    let rows = try FrameRows(frame, batch)
    let all = 0..<batch.rowCount
    complete = try rows.completeRows(in: all, missing: &missing) ?? all.map { Int32($0) }
    func column(_ index: Int, _ scale: ColumnScale) -> Buffer<Double> {
      Buffer(count: all.count) { target in
        if let target = target.baseAddress { rows.write(frame.columns[index], rows: all, scale: scale, to: target) }
      }
    }
    columns = zip(frame.fixed, scales).map { column($0, $1) }
    response = column(frame.response, .identity)
  }
}

/// A fitted model's score x(y − μ) of every row: what its coefficients' variance is made of.
struct ModelScores: Sendable, Hashable {
  let frame: ModelFrame
  let family: ModelFamily
  let scales: [ColumnScale]
  /// Of the scaled columns.
  let coefficients: [Double]

  static func == (a: ModelScores, b: ModelScores) -> Bool {
    a.frame.formula == b.frame.formula && a.family == b.family && a.coefficients == b.coefficients
  }

  func hash(into hasher: inout Hasher) { hasher.combine(coefficients) }

  /// One buffer a coefficient; rows that lack a variable are NaN.
  func terms(_ batch: Batch) throws(ImmerseError) -> [Buffer<Double>] {
    var missing = [Int](repeating: 0, count: frame.variableNames.count)
    let rows = try ModelRows(frame, scales, batch, missing: &missing)
    var residuals = [Double](repeating: .nan, count: batch.rowCount)
    for index in rows.complete {
      let row = Int(index)
      var eta = 0.0
      for (column, coefficient) in zip(rows.columns, coefficients) { eta += column[row] * coefficient }
      residuals[row] = rows.response[row] - family.mean(eta)
    }
    return rows.columns.map { column in
      Buffer(count: residuals.count) { target in
        for row in target.indices { target[row] = residuals[row].isNaN ? .nan : residuals[row] * column[row] }
      }
    }
  }
}
