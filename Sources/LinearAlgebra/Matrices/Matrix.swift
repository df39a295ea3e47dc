/// A dense matrix of doubles, stored column by column.
public struct Matrix: Sendable, Equatable {
  public let rows: Int
  public let columns: Int
  /// Element (i, j) is at `i + j * rows`.
  public var elements: [Double]

  /// - Precondition: `elements` has `rows * columns` values.
  public init(rows: Int, columns: Int, elements: [Double]) {
    precondition(elements.count == rows * columns, "a matrix with another number of elements than rows x columns")
    self.rows = rows
    self.columns = columns
    self.elements = elements
  }

  /// A matrix of zeros.
  public init(rows: Int, columns: Int) {
    self.init(rows: rows, columns: columns, elements: [Double](repeating: 0, count: rows * columns))
  }

  /// A square matrix with this diagonal and zeros elsewhere.
  public init(diagonal: [Double]) {
    self.init(rows: diagonal.count, columns: diagonal.count)
    for (i, value) in diagonal.enumerated() { self[i, i] = value }
  }

  public static func identity(_ size: Int) -> Matrix { Matrix(diagonal: [Double](repeating: 1, count: size)) }

  @inlinable public subscript(i: Int, j: Int) -> Double {
    get { elements[i + j * rows] }
    set { elements[i + j * rows] = newValue }
  }

  public var isSquare: Bool { rows == columns }

  public var diagonal: [Double] { (0..<min(rows, columns)).map { self[$0, $0] } }

  public func column(_ j: Int) -> [Double] { Array(elements[j * rows..<(j + 1) * rows]) }

  /// O(rows · columns).
  public var transposed: Matrix {
    var result = Matrix(rows: columns, columns: rows)
    for j in 0..<columns {
      for i in 0..<rows { result[j, i] = self[i, j] }
    }
    return result
  }

  /// The rows and columns at these positions, in this order.
  public func submatrix(rows: [Int], columns: [Int]) -> Matrix {
    var result = Matrix(rows: rows.count, columns: columns.count)
    for (j, column) in columns.enumerated() {
      for (i, row) in rows.enumerated() { result[i, j] = self[row, column] }
    }
    return result
  }

  /// Makes the upper triangle of a square matrix the mirror image of the lower one, by tiles that stay in the cache.
  public mutating func mirrorLowerTriangle() {
    let (n, tile) = (rows, 32)
    elements.withUnsafeMutableBufferPointer { elements in
      for firstColumn in stride(from: 0, to: columns, by: tile) {
        for firstRow in stride(from: firstColumn, to: n, by: tile) {
          for j in firstColumn..<min(firstColumn + tile, columns) {
            for i in max(firstRow, j + 1)..<max(min(firstRow + tile, n), max(firstRow, j + 1)) {
              elements[j + i * n] = elements[i + j * n]
            }
          }
        }
      }
    }
  }
}
