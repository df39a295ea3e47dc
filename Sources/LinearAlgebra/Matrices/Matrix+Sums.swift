extension Matrix {
  /// Adds a multiple of a matrix of the same shape. O(rows · columns).
  public mutating func add(_ other: Matrix, times factor: Double = 1) {
    precondition(rows == other.rows && columns == other.columns, "a sum of matrices of different shapes")
    for k in elements.indices { elements[k] += factor * other.elements[k] }
  }

  public func scaled(by factor: Double) -> Matrix {
    Matrix(rows: rows, columns: columns, elements: elements.map { factor * $0 })
  }

  /// The trace of the product with `b`'s transpose: Σ a_ij b_ij; for a symmetric `b` that of the product.
  public func traceOfProduct(_ b: Matrix) -> Double {
    precondition(rows == b.rows && columns == b.columns, "a trace of a product of different shapes")
    var sum = 0.0
    for k in elements.indices { sum += elements[k] * b.elements[k] }
    return sum
  }

  /// `x' A y`.
  public func form(_ x: [Double], _ y: [Double]) -> Double {
    precondition(rows == x.count && columns == y.count, "a bilinear form with vectors of other lengths")
    var sum = 0.0
    for j in 0..<columns {
      var inner = 0.0
      for i in 0..<rows { inner += x[i] * self[i, j] }
      sum += inner * y[j]
    }
    return sum
  }
}
