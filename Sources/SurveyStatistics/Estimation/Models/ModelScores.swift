import Columnar
import ModelFormula

/// A fitted model's score of every row, the derivative of its log-likelihood by the parameters: what their variance is made
/// of.
struct ModelScores: Sendable, Hashable {
  let design: ModelDesign
  /// Of the scaled columns, then the cut points of an ordinal response.
  let parameters: [Double]

  static func == (a: ModelScores, b: ModelScores) -> Bool {
    a.design.frame.formula == b.design.frame.formula && a.design.columns == b.design.columns
      && a.design.family == b.design.family && a.parameters == b.parameters
  }

  func hash(into hasher: inout Hasher) { hasher.combine(parameters) }

  /// Parameters as far as two machines agree on them, whose arithmetic may differ in the last digit: of other parameters
  /// nothing is merged.
  static func signature(of parameters: [Double]) -> String { "\(parameters.map { Float($0) })" }

  /// One buffer a parameter; rows that lack a variable are NaN.
  func terms(_ batch: Batch) throws(ImmerseError) -> [Buffer<Double>] {
    var missing = [Int](repeating: 0, count: design.frame.variableNames.count)
    let rows = try ModelRows(design, batch, missing: &missing)
    let coefficients = parameters.prefix(rows.columns.count)
    let cuts = Array(parameters.dropFirst(rows.columns.count))
    var residuals = [Double](repeating: .nan, count: batch.rowCount)
    var byCut = cuts.map { _ in residuals }
    for index in rows.complete {
      let row = Int(index)
      let eta = rows.predictor(row, coefficients)
      if let distribution = design.family.distribution {
        residuals[row] = rows.response[row] - distribution.mean(eta)
      } else {
        residuals[row] = 0
        for cut in cuts.indices { byCut[cut][row] = 0 }
        // A place that does not occur has no weight either.
        if rows.response[row] < 0 { continue }
        let place = ProportionalOdds(place: Int(rows.response[row]), eta: eta, cuts: cuts)
        residuals[row] = place.slope
        if let upper = place.upper { byCut[place.place][row] = upper.slope }
        if let lower = place.lower { byCut[place.place - 1][row] = lower.slope }
      }
    }
    let products = rows.columns.map { column in
      Buffer<Double>(count: residuals.count) { target in
        for row in target.indices { target[row] = residuals[row].isNaN ? .nan : residuals[row] * column[row] }
      }
    }
    return products + byCut.map { Buffer($0) }
  }
}

extension ModelScores: CustomStringConvertible {
  /// The same in every process, for the signatures of partials.
  var description: String {
    "scores of \(design.frame.formula.source) \(design.names) \(design.family) "
      + ModelScores.signature(of: parameters)
  }
}
