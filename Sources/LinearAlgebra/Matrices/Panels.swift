import COpenBLAS

/// C = A'B of two panels in raw memory, column by column without gaps: A is rows × m, B is rows × n, C becomes m × n.
///
/// For products whose factors are gathered block by block and do not outlive the block. O(rows · m · n), by BLAS.
///
/// - Precondition: the sizes are at most those of a BLAS integer, and the memory is as large as they say.
public func panelProduct(
  _ a: UnsafePointer<Double>, _ m: Int, _ b: UnsafePointer<Double>, _ n: Int, rows: Int,
  into c: UnsafeMutablePointer<Double>
) {
  _ = singleThreadedBLAS
  cblas_dgemm(
    CblasColMajor, CblasTrans, CblasNoTrans, Int32(m), Int32(n), Int32(rows), 1, a, Int32(max(rows, 1)), b,
    Int32(max(rows, 1)), 0, c, Int32(max(m, 1)))
}
