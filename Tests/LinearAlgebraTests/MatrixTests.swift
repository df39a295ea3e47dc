import LinearAlgebra
import TestSupport
import Testing

/// 1/(i + j + 1), i, j from 0: positive definite and badly conditioned.
func hilbert(_ n: Int) -> Matrix {
  var matrix = Matrix(rows: n, columns: n)
  for i in 0..<n {
    for j in 0..<n { matrix[i, j] = 1 / Double(i + j + 1) }
  }
  return matrix
}

@Suite struct MatrixTests {
  let a = Matrix(rows: 2, columns: 3, elements: [1, 4, 2, 5, 3, 6])

  @Test func productsFollowTheDefinition() throws {
    let b = Matrix(rows: 3, columns: 2, elements: [1, 0, -1, 2, 1, 0])
    let ab = try a * b
    #expect(ab == Matrix(rows: 2, columns: 2, elements: [-2, -2, 4, 13]))
    let transposed = try a.transposed.transposedTimes(b)
    #expect(transposed == ab)
    let timesTransposed = try a.timesTransposed(b.transposed)
    #expect(timesTransposed == ab)
    let vector = try a * [1, 1, 1]
    #expect(vector == [6, 15])
  }

  @Test func crossProductIsTransposeTimesItself() throws {
    let cross = try a.crossProduct()
    let product = try a.transposedTimes(a)
    #expect(cross == product)
  }

  @Test func congruenceIsTheCovarianceOfALinearMap() throws {
    let covariance = Matrix(rows: 3, columns: 3, elements: [2, 1, 0, 1, 3, 1, 0, 1, 4])
    let result = try a.congruence(covariance)
    let expected = try (a * covariance).timesTransposed(a)
    #expect(result == expected)
  }

  @Test func emptyMatricesMultiplyToZeros() throws {
    let product = try Matrix(rows: 2, columns: 0) * Matrix(rows: 0, columns: 2)
    #expect(product == Matrix(rows: 2, columns: 2))
    let factor = try Cholesky(Matrix(rows: 0, columns: 0))
    #expect(factor.logDeterminant == 0)
  }

  @Test func submatrixPicksRowsAndColumnsInOrder() {
    #expect(a.submatrix(rows: [1], columns: [2, 0]) == Matrix(rows: 1, columns: 2, elements: [6, 4]))
  }
}
