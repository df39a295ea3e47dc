import COpenBLAS

extension Matrix {
  /// The matrix product. O(n³), by BLAS.
  ///
  /// - Precondition: the inner dimensions agree.
  public static func * (a: Matrix, b: Matrix) throws(NumericalError) -> Matrix {
    try product(a, b, transposingFirst: false, transposingSecond: false)
  }

  /// The matrix times a column vector.
  public static func * (a: Matrix, x: [Double]) throws(NumericalError) -> [Double] {
    try (a * Matrix(rows: x.count, columns: 1, elements: x)).elements
  }

  /// The product of the transpose with `b`.
  public func transposedTimes(_ b: Matrix) throws(NumericalError) -> Matrix {
    try Matrix.product(self, b, transposingFirst: true, transposingSecond: false)
  }

  /// The product with the transpose of `b`.
  public func timesTransposed(_ b: Matrix) throws(NumericalError) -> Matrix {
    try Matrix.product(self, b, transposingFirst: false, transposingSecond: true)
  }

  /// The symmetric `A'A` of a matrix `A`, by a symmetric rank-k update.
  public func crossProduct() throws(NumericalError) -> Matrix {
    var result = Matrix(rows: columns, columns: columns)
    guard rows > 0, columns > 0 else { return result }
    cblas_dsyrk(
      CblasColMajor, CblasLower, CblasTrans, try blasSize(columns), try blasSize(rows), 1, elements,
      try leadingDimension(rows), 0, &result.elements, try leadingDimension(columns))
    result.mirrorLowerTriangle()
    return result
  }

  /// `M A M'` for a symmetric `A`: the covariance of `M x` where `A` is that of `x`.
  public func congruence(_ a: Matrix) throws(NumericalError) -> Matrix {
    var result = try (self * a).timesTransposed(self)
    result.mirrorLowerTriangle()
    return result
  }

  private static func product(
    _ a: Matrix, _ b: Matrix, transposingFirst: Bool, transposingSecond: Bool
  ) throws(NumericalError) -> Matrix {
    let (rows, inner) = transposingFirst ? (a.columns, a.rows) : (a.rows, a.columns)
    let (innerOfSecond, columns) = transposingSecond ? (b.columns, b.rows) : (b.rows, b.columns)
    precondition(inner == innerOfSecond, "a product of matrices whose inner dimensions differ")
    var result = Matrix(rows: rows, columns: columns)
    guard rows > 0, columns > 0, inner > 0 else { return result }
    cblas_dgemm(
      CblasColMajor, transposingFirst ? CblasTrans : CblasNoTrans, transposingSecond ? CblasTrans : CblasNoTrans,
      try blasSize(rows), try blasSize(columns), try blasSize(inner), 1, a.elements, try leadingDimension(a.rows),
      b.elements, try leadingDimension(b.rows), 0, &result.elements, try leadingDimension(rows))
    return result
  }
}
