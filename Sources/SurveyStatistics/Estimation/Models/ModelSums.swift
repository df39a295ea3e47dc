import Columnar
import LinearAlgebra
import ModelFormula
import Streaming

/// What a Newton step needs of the rows: the information, the score, and the deviance at the parameters.
struct ModelSums: Sendable {
  var information: Matrix
  var score: [Double]
  var deviance = 0.0
  var sumOfWeights = 0.0
  var count = 0
  /// The largest predictor in magnitude.
  var reach = 0.0

  init(parameters: Int) {
    information = Matrix(rows: parameters, columns: parameters)
    score = Array(repeating: 0, count: parameters)
  }

  mutating func merge(_ other: ModelSums) {
    information.add(other.information)
    for index in score.indices { score[index] += other.score[index] }
    deviance += other.deviance
    sumOfWeights += other.sumOfWeights
    count += other.count
    reach = max(reach, other.reach)
  }

  func write(to blob: inout BlobWriter) {
    blob.write(information.elements)
    blob.write(score + [deviance, sumOfWeights, reach])
    blob.write([count])
  }

  mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
    let (elements, sums, counts) = (try blob.doubles(), try blob.doubles(), try blob.integers())
    guard elements.count == information.elements.count, sums.count == score.count + 3, counts.count == 1 else {
      throw .brokenPartial
    }
    information.elements = elements
    score = Array(sums.prefix(score.count))
    (deviance, sumOfWeights, reach) = (sums[score.count], sums[score.count + 1], sums[score.count + 2])
    count = counts[0]
  }
}

// MARK: Rows of each kind of model

extension ModelSums {
  /// Adds rows of a generalised linear model.
  ///
  /// - Parameter coefficients: nil at the start, where the predictor is made from the response itself; the score is then
  ///   X'(Wη + y − μ), else X'(y − μ).
  mutating func add(
    _ block: ArraySlice<Int>, of rows: ModelRows, weights: [Double], _ family: ResponseDistribution,
    at coefficients: [Double]?
  ) throws(ImmerseError) {
    var design = Matrix(rows: block.count, columns: score.count)
    for (place, row) in block.enumerated() {
      let (y, weight) = (rows.response[row], weights[row])
      let eta = coefficients.map { rows.predictor(row, $0[...]) } ?? family.start(y)
      let mu = family.mean(eta)
      let variance = family.variance(mu)
      let root = (weight * variance).squareRoot()
      let residual = weight * ((coefficients == nil ? variance * eta : 0) + y - mu)
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

  /// Adds rows of a proportional-odds model, whose parameters are those of the columns and then the cut points.
  mutating func add(
    _ block: ArraySlice<Int>, of rows: ModelRows, weights: [Double], at parameters: [Double]
  ) throws(ImmerseError) {
    let width = rows.columns.count
    let coefficients = parameters.prefix(width)
    let cuts = Array(parameters.dropFirst(width))
    var design = Matrix(rows: block.count, columns: width)
    for (position, row) in block.enumerated() {
      let weight = weights[row]
      let eta = rows.predictor(row, coefficients)
      let odds = ProportionalOdds(place: Int(rows.response[row]), eta: eta, cuts: cuts)
      let root = (weight * odds.curvature).squareRoot()
      for (index, column) in rows.columns.enumerated() {
        design[position, index] = column[row] * root
        score[index] += weight * odds.slope * column[row]
      }
      let sides = [(odds.upper, width + odds.place), (odds.lower, width + odds.place - 1)]
      for case (let side?, let cut) in sides {
        score[cut] += weight * side.slope
        information[cut, cut] += weight * (side.density + odds.coupling)
        for (index, column) in rows.columns.enumerated() {
          information[cut, index] -= weight * side.density * column[row]
          information[index, cut] = information[cut, index]
        }
      }
      if odds.upper != nil && odds.lower != nil {
        let cut = width + odds.place
        information[cut, cut - 1] -= weight * odds.coupling
        information[cut - 1, cut] = information[cut, cut - 1]
      }
      deviance -= 2 * weight * odds.logLikelihood
      sumOfWeights += weight
      reach = max(reach, eta.magnitude)
    }
    count += block.count
    let products = try numerically { () throws(NumericalError) in try design.crossProduct() }
    for i in 0..<width {
      for j in 0..<width { information[i, j] += products[i, j] }
    }
  }
}

/// Runs linear algebra whose failure is the analysis' own.
func numerically<Result>(_ work: () throws(NumericalError) -> Result) throws(ImmerseError) -> Result {
  do { return try work() } catch { throw ImmerseError(.failure, "the numbers do not allow this analysis: \(error)") }
}
