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
