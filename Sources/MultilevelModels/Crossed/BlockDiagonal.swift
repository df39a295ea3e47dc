import LinearAlgebra

/// A matrix with the same small block for every group of a factor on its diagonal, as Λ of some factors.
struct BlockDiagonal {
  struct Part {
    let count: Int
    let rows: Int
    let columns: Int
    /// Row by row.
    let block: [Double]
  }

  let parts: [Part]

  var rows: Int { parts.reduce(0) { $0 + $1.count * $1.rows } }
  var columns: Int { parts.reduce(0) { $0 + $1.count * $1.columns } }

  var transposed: BlockDiagonal {
    BlockDiagonal(
      parts: parts.map { part in
        Part(
          count: part.count, rows: part.columns, columns: part.rows,
          block: (0..<part.columns).flatMap { j in (0..<part.rows).map { part.block[$0 * part.columns + j] } })
      })
  }

  static func * (blocks: BlockDiagonal, matrix: Matrix) -> Matrix {
    var result = Matrix(rows: blocks.rows, columns: matrix.columns)
    matrix.elements.withUnsafeBufferPointer { source in
      result.elements.withUnsafeMutableBufferPointer { target in
        guard let source = source.baseAddress, let target = target.baseAddress else { return }
        for column in 0..<matrix.columns {
          blocks.multiply(source + column * matrix.rows, to: target + column * result.rows)
        }
      }
    }
    return result
  }

  /// B M B' of a symmetric M. O(rows · (rows + columns) · block columns).
  func congruence(_ matrix: Matrix) -> Matrix {
    let (n, size) = (matrix.rows, rows)
    var result = Matrix(rows: size, columns: size)
    var moved = [Double](repeating: 0, count: n)
    matrix.elements.withUnsafeBufferPointer { source in
      result.elements.withUnsafeMutableBufferPointer { target in
        moved.withUnsafeMutableBufferPointer { moved in
          guard let source = source.baseAddress, let target = target.baseAddress, let moved = moved.baseAddress else {
            return
          }
          var (column, first) = (0, 0)
          for part in parts {
            for _ in 0..<part.count {
              for r in 0..<part.rows {
                // M times the row r of the block, and then B times that.
                moved.update(repeating: 0, count: n)
                for c in 0..<part.columns {
                  let (weight, values) = (part.block[r * part.columns + c], source + (first + c) * n)
                  for i in 0..<n { moved[i] += weight * values[i] }
                }
                multiply(moved, to: target + column * size)
                column += 1
              }
              first += part.columns
            }
          }
        }
      }
    }
    return result
  }

  private func multiply(_ vector: UnsafePointer<Double>, to target: UnsafeMutablePointer<Double>) {
    var (row, first) = (0, 0)
    for part in parts {
      part.block.withUnsafeBufferPointer { block in
        for _ in 0..<part.count {
          for r in 0..<part.rows {
            var sum = 0.0
            for c in 0..<part.columns { sum += block[r * part.columns + c] * vector[first + c] }
            target[row] = sum
            row += 1
          }
          first += part.columns
        }
      }
    }
  }
}
