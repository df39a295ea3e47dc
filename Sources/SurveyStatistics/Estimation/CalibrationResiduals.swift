import Columnar
import LinearAlgebra
import Streaming

/// What calibration takes out of a variance: the part of a variable that the margins explain.
///
/// The influence of row i becomes w_i (y_i − x_i'B), with x_i the auxiliary variables and B the regression of y on x in the
/// starting weights d (Deville and Särndal 1992, section 3.4).
struct CalibrationResiduals {
  private let totals: CalibrationTotals
  /// The generalised inverse of Σ d x x', in terms divided by their spread.
  private let inverse: Matrix
  private let scale: [Double]
  private var auxiliaries: Auxiliaries { totals.model.auxiliaries }

  /// - Throws: `failure` where the margins cannot be inverted.
  init(_ totals: CalibrationTotals) throws(ImmerseError) {
    self.totals = totals
    var gram = totals.model.auxiliaries.gram(totals.products, numbers: totals.width - 1)
    scale = gram.diagonal.map { $0 > 0 ? $0.squareRoot() : 1 }
    for i in scale.indices {
      for j in scale.indices { gram[i, j] = gram[i, j] / scale[i] / scale[j] }
    }
    do { inverse = try SymmetricEigen(gram).pseudoInverse() } catch {
      throw ImmerseError(.failure, "the margins could not be projected out of the variance: \(error)")
    }
  }

  /// One domain's part of an influence: derivative by term, of the terms of all statistics.
  struct Part {
    let domain: Int
    let derivatives: [(term: Int, value: Double)]
  }

  /// Takes Σ w x'B of every lowest unit off its total.
  func subtract(_ parts: [Part], from z: inout UnitTotals) throws(ImmerseError) {
    var products = scale.map { _ in 0.0 }
    var partsOfDomain: [Int: [Part]] = [:]
    for part in parts { partsOfDomain[part.domain, default: []].append(part) }
    for (position, key) in totals.domainCells.keys.enumerated() {
      let (domain, cell) = KeyIndex.parts(key)
      for part in partsOfDomain[domain] ?? [] {
        for entry in auxiliaries.entries(ofCell: cell) {
          for derivative in part.derivatives {
            products[entry.term] +=
              entry.coefficient * derivative.value
              * totals.domainSum(position, term: derivative.term, value: entry.value)
          }
        }
      }
    }
    let coefficients: [Double]
    do {
      coefficients = zip(try inverse * zip(products, scale).map { $0 / $1 }, scale).map { $0 / $1 }
    } catch {
      throw ImmerseError(.failure, "the margins could not be projected out of the variance: \(error)")
    }
    let width = totals.width
    for (position, key) in totals.unitCells.keys.enumerated() {
      let (unit, cell) = KeyIndex.parts(key)
      var fitted = 0.0
      for entry in auxiliaries.entries(ofCell: cell) {
        fitted += coefficients[entry.term] * entry.coefficient * totals.unitSums[position * width + entry.value]
      }
      z.add(-fitted, to: unit)
    }
  }
}
