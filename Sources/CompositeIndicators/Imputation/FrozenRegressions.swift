import Columnar
import LinearAlgebra

/// Least-squares fits of every other indicator on the predictors.
struct FrozenRegressions: Codable, Sendable, Equatable {
  struct Fit: Codable, Sendable, Equatable {
    let code: String
    let intercept: Double
    /// One for each predictor.
    let slopes: [Double]

    enum CodingKeys: String, CodingKey { case code, intercept, slopes }
  }

  let predictors: [String]
  /// Of the indicators that had a missing value among the reference units.
  let fits: [Fit]

  enum CodingKeys: String, CodingKey { case predictors, fits }

  init(_ predictors: [String], _ units: UnitMatrix) throws(ImmerseError) {
    self.predictors = predictors
    var x: [Buffer<Double>] = []
    for code in predictors { x.append(try units.column(code)) }
    var fits: [Fit] = []
    for (code, y) in zip(units.codes, units.columns) where y.missingCount > 0 && !predictors.contains(code) {
      let rows = (0..<y.count).filter { row in !y[row].isNaN && x.allSatisfy { !$0[row].isNaN } }
      guard rows.count > predictors.count + 1 else {
        throw ImmerseError(
          .badData, "cannot be predicted from \(counted(rows.count, "unit")) with a value for it and every predictor",
          variable: code, remedy: "name fewer predictors, or impute by the mean")
      }
      fits.append(try Self.fit(code, y.select(rows).array, x.map { $0.select(rows).array }, predictors))
    }
    self.fits = fits
  }

  /// By the cross-products of centred and scaled columns.
  private static func fit(
    _ code: String, _ y: [Double], _ x: [[Double]], _ predictors: [String]
  ) throws(ImmerseError) -> Fit {
    let n = Double(y.count)
    let means = x.map { $0.reduce(0, +) / n }
    let mean = y.reduce(0, +) / n
    let scales = zip(x, means).map { column, mean in
      column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }.squareRoot()
    }
    if let index = scales.firstIndex(where: { !($0 > 0) }) {
      throw ImmerseError(
        .badData, "is the same in every unit that could predict \"\(code)\"", variable: predictors[index],
        remedy: "take it off the predictors")
    }
    let z = zip(zip(x, means), scales).map { pair, scale in pair.0.map { ($0 - pair.1) / scale } }
    let right = z.map { column in zip(column, y).reduce(0) { $0 + $1.0 * ($1.1 - mean) } }
    do {
      let products = try Matrix(rows: y.count, columns: x.count, elements: z.flatMap(\.self)).crossProduct()
      if let index = products.dependentColumns().first {
        throw ImmerseError(
          .badData, "is a linear combination of the other predictors of \"\(code)\"", variable: predictors[index],
          remedy: "take it off the predictors")
      }
      let slopes = zip(try Cholesky(products).solve(right), scales).map { $0 / $1 }
      return Fit(
        code: code, intercept: mean - zip(slopes, means).reduce(0) { $0 + $1.0 * $1.1 }, slopes: slopes)
    } catch let error as ImmerseError {
      throw error
    } catch {
      throw ImmerseError(
        .badData, "cannot be predicted: the predictors are linear combinations of each other", variable: code,
        remedy: "name fewer predictors")
    }
  }

  func fill(_ units: UnitMatrix) throws(ImmerseError) -> [Buffer<Double>] {
    var x: [Buffer<Double>] = []
    for code in predictors { x.append(try units.column(code)) }
    var filled = units.columns
    for fit in fits {
      guard let index = units.codes.firstIndex(of: fit.code) else {
        throw .missingColumn(fit.code, among: units.codes)
      }
      let old = filled[index]
      filled[index] = Buffer(count: old.count) { target in
        for row in 0..<old.count {
          target[row] =
            old[row].isNaN ? zip(fit.slopes, x).reduce(fit.intercept) { $0 + $1.0 * $1.1[row] } : old[row]
        }
      }
    }
    return filled
  }
}
