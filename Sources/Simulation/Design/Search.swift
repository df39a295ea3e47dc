/// The last of `0..<count` for which a condition holds that holds up to some place and no further; 0 where it never does.
/// O(log count).
func lastIndex(below count: Int, where holds: (Int) -> Bool) -> Int {
  var (low, high) = (0, count - 1)
  while low < high {
    let middle = (low + high + 1) / 2
    if holds(middle) { low = middle } else { high = middle - 1 }
  }
  return low
}
