import Testing

@testable import SurveyStatistics

struct HadamardTests {
  /// Rows are orthogonal, and the first row and column are ones.
  @Test(arguments: [1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 60, 80, 84, 100, 104, 160])
  func rowsAreOrthogonal(order: Int) {
    let matrix = HadamardMatrix(atLeast: order)
    let n = matrix.order
    #expect(n >= order)
    for row in 0..<n {
      #expect(matrix[row, 0] == 1)
      #expect(matrix[0, row] == 1)
      for other in 0..<row {
        let product = (0..<n).reduce(0) { $0 + matrix[row, $1] * matrix[other, $1] }
        #expect(product == 0)
      }
    }
  }

  @Test func ordersUpTo200LeaveFewGaps() {
    let missing = stride(from: 4, through: 200, by: 4).filter { !HadamardMatrix.exists(ofOrder: $0) }
    #expect(missing == [52, 92, 100, 116, 156, 172, 184, 188])
    #expect(!HadamardMatrix.exists(ofOrder: 3))
    #expect(!HadamardMatrix.exists(ofOrder: 6))
  }
}
