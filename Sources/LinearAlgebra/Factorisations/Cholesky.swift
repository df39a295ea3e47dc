import CLAPACKE
import COpenBLAS
import RealModule

/// The factor `L` of a symmetric positive definite matrix `A = L L'`, and what it is good for.
public struct Cholesky: Sendable {
  /// Lower triangular; zeros above the diagonal.
  public let factor: Matrix

  public var size: Int { factor.rows }

  /// Factors `a`, of which only the lower triangle is read. O(n³/3).
  ///
  /// - Throws: `notPositiveDefinite` with the first row whose pivot is not a positive number.
  public init(_ a: Matrix) throws(NumericalError) {
    precondition(a.isSquare, "a Cholesky factor of a matrix that is not square")
    var lower = a
    for j in 0..<a.columns {
      for i in 0..<j { lower[i, j] = 0 }
    }
    let info = LAPACKE_dpotrf_work(
      LAPACK_COL_MAJOR, lapackLower, try blasSize(a.rows), &lower.elements, try leadingDimension(a.rows))
    if info > 0 { throw .notPositiveDefinite(pivot: Int(info) - 1) }
    // NaN passes through the comparisons of some kernels.
    if let pivot = lower.diagonal.firstIndex(where: { !($0 > 0 && $0.isFinite) }) {
      throw .notPositiveDefinite(pivot: pivot)
    }
    factor = lower
  }

  /// log |A|.
  public var logDeterminant: Double { 2 * factor.diagonal.reduce(0) { $0 + Double.log($1) } }

  /// `A⁻¹ b`.
  public func solve(_ b: [Double]) throws(NumericalError) -> [Double] {
    try solve(Matrix(rows: b.count, columns: 1, elements: b)).elements
  }

  /// `A⁻¹ B`, column by column.
  public func solve(_ b: Matrix) throws(NumericalError) -> Matrix {
    precondition(b.rows == size, "a right-hand side of another length than the matrix")
    var x = b
    guard size > 0, b.columns > 0 else { return x }
    _ = LAPACKE_dpotrs_work(
      LAPACK_COL_MAJOR, lapackLower, try blasSize(size), try blasSize(b.columns), factor.elements,
      try leadingDimension(size), &x.elements, try leadingDimension(size))
    return x
  }

  /// `A⁻¹`.
  public func inverse() throws(NumericalError) -> Matrix {
    var inverse = factor
    let info = LAPACKE_dpotri_work(
      LAPACK_COL_MAJOR, lapackLower, try blasSize(size), &inverse.elements, try leadingDimension(size))
    if info > 0 { throw .notPositiveDefinite(pivot: Int(info) - 1) }
    inverse.mirrorLowerTriangle()
    return inverse
  }

  /// `L⁻¹ B`.
  public func solveLower(_ b: Matrix) throws(NumericalError) -> Matrix { try solveTriangle(b, CblasNoTrans) }

  /// `L'⁻¹ B`.
  public func solveUpper(_ b: Matrix) throws(NumericalError) -> Matrix { try solveTriangle(b, CblasTrans) }

  /// The eigenvalues of `A⁻¹ B` for a symmetric `B`, in ascending order.
  public func eigenvalues(of b: Matrix) throws(NumericalError) -> [Double] {
    let half = try solveLower(b)
    return try SymmetricEigen(try solveLower(half.transposed)).values
  }

  private func solveTriangle(_ b: Matrix, _ transposition: CBLAS_TRANSPOSE) throws(NumericalError) -> Matrix {
    precondition(b.rows == size, "a right-hand side of another length than the matrix")
    var x = b
    guard size > 0, b.columns > 0 else { return x }
    cblas_dtrsm(
      CblasColMajor, CblasLeft, CblasLower, transposition, CblasNonUnit, try blasSize(size), try blasSize(b.columns), 1,
      factor.elements, try leadingDimension(size), &x.elements, try leadingDimension(size))
    return x
  }
}

/// LAPACK's name for the lower triangle.
let lapackLower = CChar(UInt8(ascii: "L"))
