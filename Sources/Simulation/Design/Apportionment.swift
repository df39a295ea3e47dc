/// Splits `total` into whole parts in proportion to `shares`, each within its bounds.
///
/// Parts at a bound stay there and the rest share what is left in proportion; fractions are carried from part to part,
/// so that the sum is exact. O(parts), or O(60 parts) where a bound is reached.
///
/// - Precondition: the bounds allow the total.
func apportion(_ total: Int, _ shares: [Double], atLeast: [Int]? = nil, atMost: [Int]? = nil) -> [Int] {
  func part(_ index: Int, _ factor: Double) -> Double {
    let free = factor * shares[index]
    let bounded = max(free, atLeast.map { Double($0[index]) } ?? 0)
    return min(bounded, atMost.map { Double($0[index]) } ?? .infinity)
  }
  func sum(_ factor: Double) -> Double {
    var sum = 0.0
    for index in shares.indices { sum += part(index, factor) }
    return sum
  }
  let target = Double(total)
  var factor = target / shares.reduce(0, +)
  if (sum(factor) - target).magnitude > 0.25 {
    var (low, high) = (0.0, factor)
    while sum(high) < target, high < 1e9 * factor { high *= 2 }
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if sum(middle) < target { low = middle } else { high = middle }
    }
    factor = high
  }
  var cumulative = 0.0
  var given = 0
  return shares.indices.map { index in
    cumulative += part(index, factor)
    let through = index == shares.count - 1 ? total : Int(cumulative.rounded())
    defer { given = through }
    return through - given
  }
}
