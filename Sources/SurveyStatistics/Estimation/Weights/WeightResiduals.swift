import Columnar
import LinearAlgebra
import Streaming

/// What weighting steps take out of a variance, and what estimated totals add to it.
///
/// The influence of row i on a total of u under weights that steps 1 ... K made is, by the chain rule,
///
///     z_i = w_i u_i − Σ_k m_ki x_ki'B_k,   B_k = (Σ w_(k−1) x_k x_k' + 1/c)⁻¹ Σ x_k (w u − Σ_(j>k) m_j x_j'B_j)/g_k
///
/// with x_k the auxiliary variables of step k, m_k = w_k where its totals are those of the population, and w_k − w_(k−1)
/// where they are the sample's own. With one step B is the regression of u on x in the starting weights (Deville and Särndal
/// 1992, section 3.4). Totals that were estimated add B_k'V B_k, with V their covariance (Fuller 1998).
struct WeightResiduals {
  private let totals: WeightTotals
  private let steps: [Step]

  private struct Step {
    let auxiliaries: Auxiliaries
    /// By cell of all steps crossed, its own cell, and by its own numbers where they stand among all.
    let cells: [Int]
    let values: [Int]
    /// The generalised inverse of Σ w_(k−1) x x', in terms divided by their spread.
    let inverse: Matrix
    let scale: [Double]
    /// Σ m_j/g_k x_k x_j' for every later step j.
    let later: [Matrix]
    let covariance: [[Double]]
  }

  /// - Throws: `failure` where the margins cannot be inverted.
  init(_ totals: WeightTotals) throws(ImmerseError) {
    self.totals = totals
    let levels = totals.classes.levels
    let codes = totals.cells.keys.map { levels.codes(ofCombination: $0) }
    var cells: [[Int]] = []
    var values: [[Int]] = []
    for step in totals.steps {
      let own = step.plan.classes
      let positions = own.columns.map { totals.classes.columns.firstIndex(of: $0) ?? 0 }
      cells.append(
        try codes.map { codes throws(ImmerseError) in
          let key = zip(own.levels, positions).reduce(UInt64(0)) { $0 * UInt64($1.0.count) + UInt64(codes[$1.1]) }
          guard let cell = step.cells.find(key) else {
            throw ImmerseError(
              .badData, "have a combination of categories that the weights were not made for",
              variable: own.columns.joined(separator: ", "))
          }
          return cell
        })
      values.append([0] + step.plan.numbers.map { (totals.numbers.firstIndex(of: $0) ?? 0) + 1 })
    }
    /// Σ x_k x_j' over cells, from Σ v v' with some weights.
    func cross(_ k: Int, _ j: Int) -> Matrix {
      let (one, other) = (totals.steps[k].auxiliaries, totals.steps[j].auxiliaries)
      var matrix = Matrix(rows: one.margins.count, columns: other.margins.count)
      for cell in 0..<totals.cells.count {
        let first = totals.products(cell, k, j)
        for x in one.entries(ofCell: cells[k][cell]) {
          for y in other.entries(ofCell: cells[j][cell]) {
            let (a, b) = (values[k][x.value], values[j][y.value])
            let (low, high) = (min(a, b), max(a, b))
            let product = totals.products[first + low * (2 * totals.width + 1 - low) / 2 + high - low]
            matrix[x.term, y.term] += x.coefficient * y.coefficient * product
          }
        }
      }
      return matrix
    }
    steps = try totals.steps.indices.map { k throws(ImmerseError) in
      let step = totals.steps[k]
      var gram = cross(k, k)
      for (term, ridge) in step.ridges.enumerated() { gram[term, term] += ridge }
      let scale = gram.diagonal.map { $0 > 0 ? $0.squareRoot() : 1 }
      for i in scale.indices {
        for j in scale.indices { gram[i, j] = gram[i, j] / scale[i] / scale[j] }
      }
      let inverse: Matrix
      do { inverse = try SymmetricEigen(gram).pseudoInverse() } catch { throw WeightResiduals.failure(error) }
      return Step(
        auxiliaries: step.auxiliaries, cells: cells[k], values: values[k], inverse: inverse, scale: scale,
        later: totals.steps.indices.filter { $0 > k }.map { cross(k, $0) }, covariance: step.covariance)
    }
  }

  /// One domain's part of an influence: derivative by term, of the terms of all statistics.
  struct Part {
    let domain: Int
    let derivatives: [(term: Int, value: Double)]
  }

  /// Takes Σ m_k x_k'B_k of every lowest unit off its total, for all steps.
  ///
  /// - Returns: √(B_k'V B_k) of every step to estimated totals.
  func subtract(_ parts: [Part], from z: inout UnitTotals) throws(ImmerseError) -> [Double] {
    var products = steps.map { $0.scale.map { _ in 0.0 } }
    var partsOfDomain: [Int: [Part]] = [:]
    for part in parts { partsOfDomain[part.domain, default: []].append(part) }
    for (position, key) in totals.domainCells.keys.enumerated() {
      let (domain, cell) = KeyIndex.parts(key)
      for part in partsOfDomain[domain] ?? [] {
        for (k, step) in steps.enumerated() {
          for entry in step.auxiliaries.entries(ofCell: step.cells[cell]) {
            for derivative in part.derivatives {
              products[k][entry.term] +=
                entry.coefficient * derivative.value
                * totals.domainSum(position, step: k, term: derivative.term, value: step.values[entry.value])
            }
          }
        }
      }
    }
    let coefficients = try coefficients(products)
    for (position, key) in totals.unitCells.keys.enumerated() {
      let (unit, cell) = KeyIndex.parts(key)
      var fitted = 0.0
      for (k, step) in steps.enumerated() {
        for entry in step.auxiliaries.entries(ofCell: step.cells[cell]) {
          fitted +=
            coefficients[k][entry.term] * entry.coefficient
            * totals.unitSum(position, step: k, value: step.values[entry.value])
        }
      }
      z.add(-fitted, to: unit)
    }
    return zip(steps, coefficients).filter { !$0.0.covariance.isEmpty }.map {
      WeightResiduals.spread($1, $0.covariance)
    }
  }

  /// B_K, ..., B_1, the last step's first.
  private func coefficients(_ products: [[Double]]) throws(ImmerseError) -> [[Double]] {
    var coefficients = products
    for k in steps.indices.reversed() {
      let step = steps[k]
      do {
        for (index, later) in step.later.enumerated() {
          let explained = try later * coefficients[k + 1 + index]
          for term in explained.indices { coefficients[k][term] -= explained[term] }
        }
        let scaled = zip(coefficients[k], step.scale).map { $0 / $1 }
        coefficients[k] = zip(try step.inverse * scaled, step.scale).map { $0 / $1 }
      } catch { throw WeightResiduals.failure(error) }
    }
    return coefficients
  }

  /// √(b'V b), in units of the largest part lest squares leave the range of numbers.
  private static func spread(_ b: [Double], _ covariance: [[Double]]) -> Double {
    let parts = zip(b, covariance.indices).map { $0 * covariance[$1][$1].squareRoot() }
    guard let largest = parts.map(\.magnitude).max(), largest > 0 else { return 0 }
    var square = 0.0
    for i in b.indices where parts[i] != 0 {
      for j in b.indices where parts[j] != 0 {
        let correlation = covariance[i][j] / covariance[i][i].squareRoot() / covariance[j][j].squareRoot()
        square += parts[i] / largest * correlation * (parts[j] / largest)
      }
    }
    return largest * max(0, square).squareRoot()
  }

  private static func failure(_ error: any Error) -> ImmerseError {
    ImmerseError(.failure, "the margins could not be projected out of the variance: \(error)")
  }
}
