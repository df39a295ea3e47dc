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
  init(_ design: ModelDesign, _ batch: Batch, missing: inout [Int]) throws(ImmerseError) {
    let frame = design.frame
    let rows = try FrameRows(frame, batch)
    let all = 0..<batch.rowCount
    complete = try rows.completeRows(in: all, missing: &missing) ?? all.map { Int32($0) }
    func column(_ index: Int, _ scale: ColumnScale) -> Buffer<Double> {
      Buffer(count: all.count) { target in
        if let target = target.baseAddress { rows.write(frame.columns[index], rows: all, scale: scale, to: target) }
      }
    }
    columns = zip(design.columns, design.scales).map { column($0, $1) }
    switch design.response {
    case .number: response = column(frame.response, .identity)
    case .rankScore(let scores): response = Buffer(column(frame.response, .identity).array.map { scores($0) })
    case .place(let name, let places):
      let codes = try batch.categories(name).codes
      response = Buffer(count: all.count) { target in
        for row in all { target[row] = codes[row] < 0 ? .nan : Double(places[Int(codes[row])]) }
      }
    }
  }

  /// The linear predictor of a row.
  func predictor(_ row: Int, _ coefficients: ArraySlice<Double>) -> Double {
    var eta = 0.0
    for (column, coefficient) in zip(columns, coefficients) { eta += column[row] * coefficient }
    return eta
  }
}
