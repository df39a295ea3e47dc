import Columnar
import LinearAlgebra

/// What raking takes out of a variance: the part of a variable that the margins explain.
///
/// The influence of row i becomes w_i (y_i − x_i'B), with x_i the indicators of the margins' categories and B the
/// regression of y on x in the starting weights d (Deville and Särndal 1992, section 3.4). As x is constant in a cell of
/// the cross-classification, B and the fitted values need the cells' totals only.
struct CalibrationResiduals {
  private let model: RakeModel
  /// The generalised inverse of Σ d x x'.
  private let inverse: Matrix

  /// - Parameter weights: raked weights summed by cell.
  /// - Throws: `failure` where the margins cannot be inverted.
  init(_ model: RakeModel, weights: [Double]) throws(ImmerseError) {
    self.model = model
    let count = model.margins.count
    var gram = Matrix(rows: count, columns: count)
    let sets = model.margins.map { Set($0) }
    for i in 0..<count {
      for j in 0...i {
        let shared = model.margins[i].reduce(0) { sum, cell in
          sets[j].contains(cell) && model.factors[cell] > 0 ? sum + weights[cell] / model.factors[cell] : sum
        }
        gram[i, j] = shared
        gram[j, i] = shared
      }
    }
    do {
      inverse = try SymmetricEigen(gram).pseudoInverse()
    } catch {
      throw ImmerseError(.failure, "the margins could not be projected out of the variance: \(error)")
    }
  }

  /// The fitted value x'B of every cell.
  ///
  /// - Parameter totals: Σ w y by cell, with the raked weights.
  func fitted(_ totals: [Double]) throws(ImmerseError) -> [Double] {
    let products = model.margins.map { cells in
      cells.reduce(0) { model.factors[$1] > 0 ? $0 + totals[$1] / model.factors[$1] : $0 }
    }
    let coefficients: [Double]
    do { coefficients = try inverse * products } catch {
      throw ImmerseError(.failure, "the margins could not be projected out of the variance: \(error)")
    }
    var fitted = [Double](repeating: 0, count: model.factors.count)
    for (cells, coefficient) in zip(model.margins, coefficients) {
      for cell in cells { fitted[cell] += coefficient }
    }
    return fitted
  }
}
