/// Where element (i, j), j ≤ i, of a symmetric matrix lies whose lower triangle is packed row by row.
@inline(__always) func packed(_ i: Int, _ j: Int) -> Int { i * (i + 1) / 2 + j }

/// The number of elements of a packed triangle.
@inline(__always) func packedCount(_ size: Int) -> Int { size * (size + 1) / 2 }

/// Adds the weighted cross-products of `size` columns over some rows to a packed lower triangle.
///
/// - Parameters:
///   - columns: column c begins at `columns + c * stride`, already moved to the first row.
///   - weights: one for each row; nil for 1.
///   - scratch: room for `count` numbers and for `size`.
/// - Complexity: O(count · size²).
func addCrossProducts(
  of columns: UnsafePointer<Double>, stride: Int, size: Int, count: Int, weights: UnsafePointer<Double>?,
  scratch: UnsafeMutablePointer<Double>, to gram: UnsafeMutablePointer<Double>
) {
  if count < 4 {
    for row in 0..<count {
      addOuterProduct(of: columns + row, stride: stride, size: size, weight: weights?[row] ?? 1, scratch, to: gram)
    }
    return
  }
  var left = columns
  for i in 0..<size {
    let column = columns + i * stride
    if let weights {
      for row in 0..<count { scratch[row] = column[row] * weights[row] }
      left = UnsafePointer(scratch)
    } else {
      left = column
    }
    let target = gram + packed(i, 0)
    var j = 0
    while j <= i {
      // Four products share the loads of the left column; past the diagonal the last one is repeated and not stored.
      let sums = dotProducts(
        left, columns + j * stride, columns + min(j + 1, i) * stride, columns + min(j + 2, i) * stride,
        columns + min(j + 3, i) * stride, count)
      for k in 0..<min(4, i + 1 - j) { target[j + k] += sums[k] }
      j += 4
    }
  }
}

/// Adds the cross-products of a single row.
private func addOuterProduct(
  of row: UnsafePointer<Double>, stride: Int, size: Int, weight: Double, _ scratch: UnsafeMutablePointer<Double>,
  to gram: UnsafeMutablePointer<Double>
) {
  for i in 0..<size { scratch[i] = row[i * stride] }
  var target = gram
  for i in 0..<size {
    let left = weight * scratch[i]
    for j in 0...i { target[j] += left * scratch[j] }
    target += i + 1
  }
}

/// The products of `a` with four columns.
@inline(__always)
private func dotProducts(
  _ a: UnsafePointer<Double>, _ b0: UnsafePointer<Double>, _ b1: UnsafePointer<Double>, _ b2: UnsafePointer<Double>,
  _ b3: UnsafePointer<Double>, _ count: Int
) -> SIMD4<Double> {
  var (s0, s1, s2, s3) = (SIMD4<Double>.zero, SIMD4<Double>.zero, SIMD4<Double>.zero, SIMD4<Double>.zero)
  var row = 0
  while row + 4 <= count {
    let x = four(a + row)
    s0 += x * four(b0 + row)
    s1 += x * four(b1 + row)
    s2 += x * four(b2 + row)
    s3 += x * four(b3 + row)
    row += 4
  }
  var sums = SIMD4(s0.sum(), s1.sum(), s2.sum(), s3.sum())
  while row < count {
    sums += a[row] * SIMD4(b0[row], b1[row], b2[row], b3[row])
    row += 1
  }
  return sums
}

@inline(__always) private func four(_ pointer: UnsafePointer<Double>) -> SIMD4<Double> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Double>.self)
}
