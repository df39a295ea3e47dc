import LinearAlgebra
import TestSupport
import Testing

@Suite struct FactorisationTests {
  @Test(arguments: 1...6) func choleskyRebuildsTheMatrix(size: Int) throws {
    let matrix = hilbert(size)
    let cholesky = try Cholesky(matrix)
    let rebuilt = try cholesky.factor.timesTransposed(cholesky.factor)
    expectClose(rebuilt.elements, matrix.elements, relative: 1e-14)
    let identity = try matrix * cholesky.inverse()
    expectClose(identity.elements, Matrix.identity(size).elements, absolute: 1e-8)
    let ones = [Double](repeating: 1, count: size)
    let solved = try matrix * cholesky.solve(ones)
    expectClose(solved, ones, absolute: 1e-8)
  }

  @Test func triangularSolvesSplitTheSolve() throws {
    let cholesky = try Cholesky(hilbert(4))
    let b = Matrix(rows: 4, columns: 1, elements: [1, 2, 3, 4])
    let twoSteps = try cholesky.solveUpper(cholesky.solveLower(b))
    let oneStep = try cholesky.solve(b)
    expectClose(twoSteps.elements, oneStep.elements, relative: 1e-12)
  }

  /// `determinant(1/outer(1:5, 1:5, function(i, j) i + j - 1))` in R 4.2.2.
  @Test func logDeterminantOfTheHilbertMatrix() throws {
    let value = try Cholesky(hilbert(5)).logDeterminant
    expectClose(value, -26.309453258278289, relative: 1e-10)
  }

  @Test func anIndefiniteMatrixNamesItsPivot() {
    let indefinite = Matrix(rows: 3, columns: 3, elements: [1, 0, 0, 0, -1, 0, 0, 0, 1])
    #expect(throws: NumericalError.notPositiveDefinite(pivot: 1)) { try Cholesky(indefinite) }
    var broken = Matrix.identity(3)
    broken[2, 2] = .nan
    #expect(throws: NumericalError.notPositiveDefinite(pivot: 2)) { try Cholesky(broken) }
  }

  /// `eigen(matrix(c(4, 1, 2, 1, 3, 0, 2, 0, 1), 3))$values` in R 4.2.2, ascending.
  @Test func eigenvaluesOfASmallMatrix() throws {
    let matrix = Matrix(rows: 3, columns: 3, elements: [4, 1, 2, 1, 3, 0, 2, 0, 1])
    let eigen = try SymmetricEigen(matrix)
    expectClose(
      eigen.values, [-0.068707823329956064, 2.722245633762534034, 5.346462189567422918], relative: 1e-12,
      absolute: 1e-14)
    let rebuilt = try eigen.vectors.congruence(Matrix(diagonal: eigen.values))
    expectClose(rebuilt.elements, matrix.elements, absolute: 1e-13)
    for j in 0..<3 {
      let largest = try #require(eigen.vectors.column(j).max { $0.magnitude < $1.magnitude })
      #expect(largest > 0)
    }
  }

  @Test func eigenvaluesOfNaNAreRefused() {
    #expect(throws: NumericalError.notConverged) {
      try SymmetricEigen(Matrix(rows: 1, columns: 1, elements: [.nan]))
    }
  }

  @Test func pseudoInverseSatisfiesPenrose() throws {
    let singular = try Matrix(rows: 1, columns: 3, elements: [1, 2, 3]).crossProduct()
    let inverse = try SymmetricEigen(singular).pseudoInverse()
    let back = try singular * inverse * singular
    expectClose(back.elements, singular.elements, relative: 1e-12)
    let forth = try inverse * singular * inverse
    expectClose(forth.elements, inverse.elements, relative: 1e-12)
  }
}

@Suite struct RankTests {
  @Test func theLaterOfDependentColumnsIsNamed() throws {
    // Columns: 1, x, 2 + 3x, z, x.
    let x = [1.0, 2, 4, 7, 11]
    let z = [1.0, -1, 1, -1, 3]
    let columns = [[1, 1, 1, 1, 1], x, x.map { 2 + 3 * $0 }, z, x]
    let design = Matrix(rows: 5, columns: 5, elements: columns.flatMap(\.self))
    let dependent = try design.crossProduct().dependentColumns()
    #expect(dependent == [2, 4])
  }

  @Test func aColumnOfZerosIsDependent() {
    #expect(Matrix(diagonal: [1, 0, 2]).dependentColumns() == [1])
  }

  @Test func nearlyEqualColumnsAreKept() throws {
    let design = Matrix(rows: 3, columns: 2, elements: [1, 1, 1, 1, 1, 1.001])
    #expect(try design.crossProduct().dependentColumns().isEmpty)
  }
}
