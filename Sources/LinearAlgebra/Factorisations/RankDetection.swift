import CLAPACKE

extension Matrix {
  /// The columns of a design that are linear combinations of columns before them, found from the design's
  /// cross-products, which this matrix is.
  ///
  /// Columns are taken in order, as R's `lm` does, so the later of two equal columns is the dependent one. A column is
  /// dependent where what the earlier ones leave of its sum of squares is at most `tolerance` of it. A cross-product holds
  /// the square of the design's condition, so tolerances below about 1e-12 are noise. O(n³).
  public func dependentColumns(tolerance: Double = 1e-11) -> [Int] {
    precondition(isSquare, "dependent columns of a matrix that is not square")
    var lower = Matrix(rows: rows, columns: rows)
    var dependent: [Int] = []
    var independent: [Int] = []
    for j in 0..<rows {
      var left = self[j, j]
      for k in independent {
        var sum = self[j, k]
        for m in independent {
          if m == k { break }
          sum -= lower[j, m] * lower[k, m]
        }
        lower[j, k] = sum / lower[k, k]
        left -= lower[j, k] * lower[j, k]
      }
      // Written so that NaN counts as dependent.
      if left > tolerance * self[j, j] {
        lower[j, j] = left.squareRoot()
        independent.append(j)
      } else {
        dependent.append(j)
      }
    }
    return dependent
  }
}

extension Matrix {
  /// How many columns are linearly independent, by a pivoted Cholesky factorisation of their cross-products.
  ///
  /// A column counts as dependent where the others leave less than `tolerance` of its length. O(rows · columns²).
  ///
  /// - Throws: `notConverged` where an element is not finite.
  public func columnRank(tolerance: Double = 1e-5) throws(NumericalError) -> Int {
    guard elements.allSatisfy(\.isFinite) else { throw .notConverged }
    let gram = try scaledToUnitColumns().crossProduct()
    let kept = (0..<columns).filter { gram[$0, $0] > 0 }
    guard !kept.isEmpty else { return 0 }
    var factor = gram.submatrix(rows: kept, columns: kept)
    var pivots = [Int32](repeating: 0, count: kept.count)
    var work = [Double](repeating: 0, count: 2 * kept.count)
    var rank: Int32 = 0
    _ = LAPACKE_dpstrf_work(
      LAPACK_COL_MAJOR, lapackLower, try blasSize(kept.count), &factor.elements, try leadingDimension(kept.count),
      &pivots, &rank, tolerance * tolerance, &work)
    return Int(rank)
  }

  private func scaledToUnitColumns() -> Matrix {
    var scaled = self
    for j in 0..<columns {
      let largest = (0..<rows).reduce(0) { max($0, self[$1, j].magnitude) }
      if largest == 0 { continue }
      let length = (0..<rows).reduce(0) { $0 + self[$1, j] / largest * (self[$1, j] / largest) }.squareRoot() * largest
      for i in 0..<rows { scaled[i, j] = self[i, j] / length }
    }
    return scaled
  }
}
