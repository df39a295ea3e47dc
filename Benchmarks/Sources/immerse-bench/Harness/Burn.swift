/// Work of no use whose cost is known: the slowdown that an instrument must see.
enum Burn {
  /// - Complexity: Some instructions a step, always the same number.
  @inline(never) static func steps(_ count: Int) -> UInt64 {
    var x: UInt64 = 88_172_645_463_325_252
    for _ in 0..<count {
      x ^= x << 13
      x ^= x >> 7
      x ^= x << 17
    }
    return x
  }

  static func forSeconds(_ seconds: Double) {
    let start = ContinuousClock.now
    while ContinuousClock.now - start < .seconds(seconds) {
      // The result is used so that the loop remains.
      precondition(steps(1000) != 0)
    }
  }
}
