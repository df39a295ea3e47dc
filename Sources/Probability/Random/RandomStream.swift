/// A family of independent random streams, one for each entity: a row, a school, a replicate.
///
/// What an entity draws depends on the seed, the purpose and its index only, never on the other entities, on threads or
/// on the order in which they are visited:
///
/// ```swift
/// let draws = RandomStreams(seed: 1, purpose: "bootstrap")
/// var stream = draws[replicate]
/// let chosen = stream.below(count)
/// ```
public struct RandomStreams: Sendable {
  @usableFromInline let key: SIMD2<UInt32>
  @usableFromInline let purpose: UInt32

  /// Different purposes of one seed share no numbers, unless their names collide in a hash of 32 bits.
  public init(seed: UInt64, purpose: String) {
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    // FNV-1a.
    self.purpose = purpose.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  }

  /// The stream of an entity, at its beginning. O(1).
  @inlinable public subscript(entity: Int) -> RandomStream {
    RandomStream(key: key, purpose: purpose, entity: UInt64(bitPattern: Int64(entity)))
  }
}

/// A sequence of random numbers addressed by seed, purpose and entity: the successive blocks of `Philox`.
///
/// The counter holds the entity in its first two words, the purpose in the third and the block's number in the last; the
/// key is the seed. A stream is exhausted after 2³² blocks of two numbers and then repeats.
public struct RandomStream: Sendable {
  @usableFromInline let key: SIMD2<UInt32>
  @usableFromInline var counter: SIMD4<UInt32>
  /// The second half of the last block, where it is still to be used.
  @usableFromInline var spare: UInt64 = 0
  @usableFromInline var hasSpare = false

  @inlinable init(key: SIMD2<UInt32>, purpose: UInt32, entity: UInt64) {
    self.key = key
    counter = SIMD4(UInt32(truncatingIfNeeded: entity), UInt32(truncatingIfNeeded: entity >> 32), purpose, 0)
  }

  /// 64 random bits.
  @inlinable public mutating func bits() -> UInt64 {
    if hasSpare {
      hasSpare = false
      return spare
    }
    let block = Philox.block(counter: counter, key: key)
    counter.w &+= 1
    spare = UInt64(block.z) | UInt64(block.w) &<< 32
    hasSpare = true
    return UInt64(block.x) | UInt64(block.y) &<< 32
  }

  /// Uniform in the open interval (0, 1): the midpoints of 2⁵² equal parts.
  @inlinable public mutating func uniform() -> Double {
    (Double(bits() &>> 12) + 0.5) * 0x1p-52
  }

  /// Standard normal, by inversion, so that each draw uses exactly one uniform number.
  @inlinable public mutating func normal() -> Double {
    Normal.quantile(uniform())
  }

  /// A whole number in `0..<count`, each equally likely.
  ///
  /// Lemire (2019), "Fast random integer generation in an interval", ACM TOMACS 29(1): unbiased by rejection.
  ///
  /// - Precondition: `count` is positive.
  @inlinable public mutating func below(_ count: Int) -> Int {
    precondition(count > 0, "no whole number lies below \(count)")
    let n = UInt64(count)
    var product = bits().multipliedFullWidth(by: n)
    if product.low < n {
      let threshold = (0 &- n) % n
      while product.low < threshold { product = bits().multipliedFullWidth(by: n) }
    }
    return Int(product.high)
  }

  /// The position drawn with probabilities proportional to the steps of `cumulative`: ascending sums of weights.
  /// O(log count).
  ///
  /// - Precondition: `cumulative` is not empty and ends above 0.
  public mutating func position(in cumulative: [Double]) -> Int {
    let target = uniform() * cumulative[cumulative.count - 1]
    var (low, high) = (0, cumulative.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if cumulative[middle] <= target { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Puts the elements in a random order, each order equally likely (Fisher and Yates). O(count).
  public mutating func shuffle<Element>(_ elements: inout [Element]) {
    for last in stride(from: elements.count - 1, to: 0, by: -1) {
      elements.swapAt(last, below(last + 1))
    }
  }
}
