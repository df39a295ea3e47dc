/// Why a computation with matrices could not be carried out.
public enum NumericalError: Error, Sendable, Equatable {
  /// A Cholesky factorisation met a pivot that is not positive (or is NaN) in this row, counted from 0.
  case notPositiveDefinite(pivot: Int)
  /// An iterative factorisation gave up.
  case notConverged
  /// A dimension does not fit the 32-bit integers of BLAS.
  case dimensionTooLarge(Int)
}

/// A dimension as BLAS and LAPACK take it, which are set up before their first call.
func blasSize(_ value: Int) throws(NumericalError) -> Int32 {
  _ = singleThreadedBLAS
  guard let size = Int32(exactly: value) else { throw .dimensionTooLarge(value) }
  return size
}

/// A leading dimension; LAPACK wants at least 1 even of an empty matrix.
func leadingDimension(_ rows: Int) throws(NumericalError) -> Int32 { max(1, try blasSize(rows)) }
