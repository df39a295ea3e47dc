/// The least and the greatest value of a column, and how many there are.
struct Extent {
  private(set) var least = Double.infinity
  private(set) var greatest = -Double.infinity
  private(set) var count = 0

  /// O(rows), eight at a time.
  init(_ values: UnsafeBufferPointer<Double>) {
    let bytes = UnsafeRawBufferPointer(values)
    var low = SIMD8(repeating: least)
    var high = SIMD8(repeating: greatest)
    var present = SIMD8<Int64>.zero
    let whole = values.count & ~7
    for row in stride(from: 0, to: whole, by: 8) {
      let block = bytes.loadUnaligned(fromByteOffset: 8 * row, as: SIMD8<Double>.self)
      low.replace(with: block, where: block .< low)
      high.replace(with: block, where: block .> high)
      present &+= SIMD8<Int64>.zero.replacing(with: 1, where: block .== block)
    }
    (least, greatest, count) = (low.min(), high.max(), Int(present.wrappedSum()))
    for value in values[whole...] where value == value {
      (least, greatest, count) = (min(least, value), max(greatest, value), count + 1)
    }
  }
}
