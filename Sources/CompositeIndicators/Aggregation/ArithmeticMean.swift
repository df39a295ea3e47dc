/// The weighted mean of each row's present values, four rows at a time; NaN where too few are present.
///
/// A row's mean does not depend on the rows beside it. All columns are read once, and nothing but the mean is written.
func arithmeticMeans(
  _ children: UnsafeBufferPointer<UnsafePointer<Double>>, _ weights: UnsafeBufferPointer<Double>, _ rows: Range<Int>,
  _ availability: Double, into target: UnsafeMutablePointer<Double>
) {
  let count = rows.count
  let whole = count & ~3
  let needed = SIMD4(repeating: availability * Double(children.count) * (1 - 1e-12))
  for start in stride(from: 0, to: whole, by: 4) {
    let mean = arithmeticMean(children, weights, needed) { child in
      UnsafeRawPointer(children[child] + rows.lowerBound + start).loadUnaligned(as: SIMD4<Double>.self)
    }
    UnsafeMutableRawPointer(target + start).storeBytes(of: mean, as: SIMD4<Double>.self)
  }
  if whole == count { return }
  let mean = arithmeticMean(children, weights, needed) { child in
    var last = SIMD4(repeating: Double.nan)
    for row in whole..<count { last[row - whole] = children[child][rows.lowerBound + row] }
    return last
  }
  for row in whole..<count { target[row] = mean[row - whole] }
}

@inline(__always)
private func arithmeticMean(
  _ children: UnsafeBufferPointer<UnsafePointer<Double>>, _ weights: UnsafeBufferPointer<Double>,
  _ needed: SIMD4<Double>, _ values: (Int) -> SIMD4<Double>
) -> SIMD4<Double> {
  var (sum, weight, present) = (SIMD4<Double>.zero, SIMD4<Double>.zero, SIMD4<Double>.zero)
  let one = SIMD4<Double>(repeating: 1)
  for child in 0..<children.count {
    let value = values(child)
    let isAbsent = value .!= value
    let w = SIMD4(repeating: weights[child])
    sum += (w * value).replacing(with: 0, where: isAbsent)
    weight += w.replacing(with: 0, where: isAbsent)
    present += one.replacing(with: 0, where: isAbsent)
  }
  // Without any weight the quotient is 0 / 0.
  return (sum / weight).replacing(with: .nan, where: present .< needed)
}
