import Columnar
import Expressions
import LinearAlgebra
import ModelFormula
import Streaming

/// One Newton step's sums over the rows: the information X'WX, the score, and the deviance at the coefficients.
struct ModelStepFit: Fit {
  let request: EstimateRequest
  let frame: ModelFrame
  let scales: [ColumnScale]
  /// Nil at the start, where the predictor is made from the response itself.
  let coefficients: [Double]?
  let domains: DomainKeys
  let filter: Expression?
  let known: (tree: UnitTree, weights: [Double])?

  var columns: [ColumnRequest] {
    request.design.columns + frame.columnRequests + (filter?.columnRequests ?? [])
  }

  var signature: String { "model step \(request) \(coefficients ?? [])" }

  func makePartial() -> Partial { Partial(self) }

  func finish(_ partial: Partial) throws(ImmerseError) -> Partial { partial }

  struct Partial: Streaming.Partial {
    private let fit: ModelStepFit
    private var weights: RowWeights
    private(set) var information: Matrix
    /// X'(Wη + y − μ) at the start, else X'(y − μ).
    private(set) var score: [Double]
    private(set) var deviance = 0.0
    private(set) var sumOfWeights = 0.0
    private(set) var count = 0
    /// The largest predictor in magnitude.
    private(set) var reach = 0.0
    /// By variable of the frame.
    private(set) var missing: [Int]

    init(_ fit: ModelStepFit) {
      self.fit = fit
      weights = RowWeights(fit.request.design, fit.known)
      let width = fit.frame.fixed.count
      information = Matrix(rows: width, columns: width)
      score = Array(repeating: 0, count: width)
      missing = Array(repeating: 0, count: fit.frame.variableNames.count)
    }

    private static let blockRows = 2048

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      let keys = try fit.domains.keys(batch, where: fit.filter)
      let weights = try weights.of(batch)
      let rows = try ModelRows(fit.frame, fit.scales, batch, missing: &missing)
      let used = rows.complete.map { Int($0) }.filter { keys[$0] >= 0 && weights[$0] != 0 }
      let family = fit.request.family
      for start in stride(from: 0, to: used.count, by: Partial.blockRows) {
        let block = used[start..<min(start + Partial.blockRows, used.count)]
        var design = Matrix(rows: block.count, columns: score.count)
        for (place, row) in block.enumerated() {
          let (y, weight) = (rows.response[row], weights[row])
          guard family.allows(y) else {
            throw ImmerseError(
              .badData, "is a response that the family \(family.rawValue) does not have", row: batch.firstRow + row,
              variable: fit.frame.variableNames[0], remedy: "it takes \(family.responses)")
          }
          var eta = 0.0
          if let coefficients = fit.coefficients {
            for (column, coefficient) in zip(rows.columns, coefficients) { eta += column[row] * coefficient }
          } else {
            eta = family.start(y)
          }
          let mu = family.mean(eta)
          let variance = family.variance(mu)
          let root = (weight * variance).squareRoot()
          let residual = weight * ((fit.coefficients == nil ? variance * eta : 0) + y - mu)
          for (index, column) in rows.columns.enumerated() {
            design[place, index] = column[row] * root
            score[index] += column[row] * residual
          }
          deviance += weight * family.deviance(y, mu)
          sumOfWeights += weight
          reach = max(reach, eta.magnitude)
        }
        count += block.count
        information.add(try numerically { () throws(NumericalError) in try design.crossProduct() })
      }
    }

    mutating func merge(_ other: Partial) throws(ImmerseError) {
      information.add(other.information)
      for index in score.indices { score[index] += other.score[index] }
      deviance += other.deviance
      sumOfWeights += other.sumOfWeights
      count += other.count
      reach = max(reach, other.reach)
      for index in missing.indices { missing[index] += other.missing[index] }
    }

    func write(to blob: inout BlobWriter) {
      blob.write(information.elements)
      blob.write(score + [deviance, sumOfWeights, reach])
      blob.write([count] + missing)
    }

    mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
      let (elements, sums, counts) = (try blob.doubles(), try blob.doubles(), try blob.integers())
      guard elements.count == information.elements.count, sums.count == score.count + 3,
        counts.count == missing.count + 1
      else { throw .brokenPartial }
      information.elements = elements
      score = Array(sums.prefix(score.count))
      (deviance, sumOfWeights, reach) = (sums[score.count], sums[score.count + 1], sums[score.count + 2])
      count = counts[0]
      missing = Array(counts.dropFirst())
    }
  }
}

/// Runs linear algebra whose failure is the analysis' own.
func numerically<Result>(_ work: () throws(NumericalError) -> Result) throws(ImmerseError) -> Result {
  do { return try work() } catch { throw ImmerseError(.failure, "the numbers do not allow this analysis: \(error)") }
}
