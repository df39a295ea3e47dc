/// The counter-based generator Philox4x32 with ten rounds.
///
/// Salmon, Moraes, Dror and Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", SC'11. A bijection of the
/// 128-bit counter under a 64-bit key, whose outputs pass the BigCrush tests: any block can be had without the ones
/// before it.
public enum Philox {
  /// The block of random bits at a counter. Four words of 32 bits each.
  @inlinable @inline(__always) public static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var (x0, x1, x2, x3) = (counter.x, counter.y, counter.z, counter.w)
    var (k0, k1) = (key.x, key.y)
    for _ in 0..<10 {
      let p = UInt64(x0) &* 0xD251_1F53
      let q = UInt64(x2) &* 0xCD9E_8D57
      (x0, x1, x2, x3) = (
        UInt32(truncatingIfNeeded: q &>> 32) ^ x1 ^ k0, UInt32(truncatingIfNeeded: q),
        UInt32(truncatingIfNeeded: p &>> 32) ^ x3 ^ k1, UInt32(truncatingIfNeeded: p)
      )
      // Weyl sequences of the golden ratio and of sqrt(3) - 1.
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return SIMD4(x0, x1, x2, x3)
  }
}
