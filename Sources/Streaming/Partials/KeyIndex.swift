/// Numbers distinct keys 0, 1, 2, ... in the order in which they first appear.
///
/// An open-addressing table: about one cache miss a look-up, and no allocation but its growth.
public struct KeyIndex: Sendable {
  /// The keys by their number.
  public private(set) var keys: [UInt64] = []
  private var slots: [Int32]
  private var mask: Int

  public init() {
    slots = Array(repeating: -1, count: 16)
    mask = 15
  }

  /// Numbers the keys in the order given.
  public init(_ keys: [UInt64]) {
    self.init()
    for key in keys { _ = insert(key) }
  }

  public var count: Int { keys.count }

  /// The number of a key, which is given the next one where it is new. Amortised O(1).
  public mutating func insert(_ key: UInt64) -> Int {
    if 2 * (keys.count + 1) > slots.count { grow() }
    var slot = KeyIndex.hash(key) & mask
    while true {
      let number = slots[slot]
      if number < 0 {
        slots[slot] = Int32(keys.count)
        keys.append(key)
        return keys.count - 1
      }
      if keys[Int(number)] == key { return Int(number) }
      slot = (slot + 1) & mask
    }
  }

  /// The numbers of many keys; a run of one key costs a single look-up.
  public mutating func numbers(of keys: [UInt64]) -> [Int32] {
    var numbers = [Int32](repeating: 0, count: keys.count)
    guard var last = keys.first else { return numbers }
    var number = Int32(insert(last))
    for row in keys.indices {
      if keys[row] != last {
        last = keys[row]
        number = Int32(insert(last))
      }
      numbers[row] = number
    }
    return numbers
  }

  /// The number of a key, or nil where it never appeared. O(1).
  public func find(_ key: UInt64) -> Int? {
    var slot = KeyIndex.hash(key) & mask
    while slots[slot] >= 0 {
      let number = Int(slots[slot])
      if keys[number] == key { return number }
      slot = (slot + 1) & mask
    }
    return nil
  }

  private mutating func grow() {
    slots = Array(repeating: -1, count: slots.count * 2)
    mask = slots.count - 1
    for (number, key) in keys.enumerated() {
      var slot = KeyIndex.hash(key) & mask
      while slots[slot] >= 0 { slot = (slot + 1) & mask }
      slots[slot] = Int32(number)
    }
  }

  /// The finaliser of MurmurHash3 (Appleby), the same in every process.
  private static func hash(_ key: UInt64) -> Int {
    var x = key
    x = (x ^ (x >> 33)) &* 0xff51_afd7_ed55_8ccd
    x = (x ^ (x >> 33)) &* 0xc4ce_b9fe_1a85_ec53
    return Int(truncatingIfNeeded: x ^ (x >> 33))
  }
}

extension KeyIndex {
  /// A key of two numbers, such as a parent's number and a child's code.
  @inlinable public static func pair(_ first: Int, _ second: Int) -> UInt64 {
    UInt64(UInt32(truncatingIfNeeded: first)) << 32 | UInt64(UInt32(truncatingIfNeeded: second))
  }

  /// The two numbers of a key made by `pair`.
  @inlinable public static func parts(_ key: UInt64) -> (first: Int, second: Int) {
    (Int(key >> 32), Int(key & 0xffff_ffff))
  }
}
