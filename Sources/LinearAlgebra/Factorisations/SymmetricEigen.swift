import CLAPACKE

/// Eigenvalues and orthonormal eigenvectors of a symmetric matrix.
public struct SymmetricEigen: Sendable {
  /// In ascending order.
  public let values: [Double]
  /// One column for each value; of each vector the element of largest magnitude is positive.
  public let vectors: Matrix

  /// Decomposes `a`, of which only the lower triangle is read. O(n³).
  ///
  /// - Throws: `notConverged`, as for a matrix that holds NaN.
  public init(_ a: Matrix) throws(NumericalError) {
    precondition(a.isSquare, "eigenvalues of a matrix that is not square")
    guard a.elements.allSatisfy(\.isFinite) else { throw .notConverged }
    let n = try blasSize(a.rows)
    var vectors = a
    var values = [Double](repeating: 0, count: a.rows)
    if n > 0 {
      var query = 0.0
      let job = CChar(UInt8(ascii: "V"))
      _ = LAPACKE_dsyev_work(LAPACK_COL_MAJOR, job, lapackLower, n, &vectors.elements, n, &values, &query, -1)
      var work = [Double](repeating: 0, count: Int(query))
      let info = LAPACKE_dsyev_work(
        LAPACK_COL_MAJOR, job, lapackLower, n, &vectors.elements, n, &values, &work, try blasSize(work.count))
      guard info == 0 else { throw .notConverged }
    }
    for j in 0..<a.columns {
      let column = vectors.column(j)
      let largest = column.max { $0.magnitude < $1.magnitude } ?? 0
      if largest < 0 {
        for i in 0..<a.rows { vectors[i, j] = -vectors[i, j] }
      }
    }
    self.values = values
    self.vectors = vectors
  }

  /// The Moore-Penrose inverse; eigenvalues of magnitude up to `tolerance` times the largest count as zero.
  public func pseudoInverse(tolerance: Double = 1e-12) throws(NumericalError) -> Matrix {
    let limit = tolerance * (values.map(\.magnitude).max() ?? 0)
    var scaled = vectors
    for (j, value) in values.enumerated() {
      let factor = value.magnitude > limit ? 1 / value : 0
      for i in 0..<scaled.rows { scaled[i, j] *= factor }
    }
    return try scaled.timesTransposed(vectors)
  }
}
