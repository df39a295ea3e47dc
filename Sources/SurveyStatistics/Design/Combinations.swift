import Columnar

/// A combination of one code of each column, as a single number: the codes are its digits, the last column's the lowest.
extension [Levels] {
  /// - Throws: `usage` where the columns have more combinations than fit into 31 bits, or than `limit`.
  func checkCombinations(of names: [String], below limit: Double = Double(Int32.max)) throws(ImmerseError) {
    var product = 1.0
    for levels in self { product *= Double(Swift.max(levels.count, 1)) }
    guard product < limit else {
      throw ImmerseError(
        .usage, "\(names.joined(separator: ", ")) have too many combinations", remedy: "cross fewer columns")
    }
  }

  /// Whether a number from elsewhere is that of a combination.
  func hasCombination(_ key: UInt64) -> Bool { key < reduce(1) { $0 * UInt64(Swift.max($1.count, 1)) } }

  /// The code of each column in a combination.
  func codes(ofCombination key: UInt64) -> [Int] {
    var codes = [Int](repeating: 0, count: count)
    decode(key, into: &codes)
    return codes
  }

  /// The same, into an array that has room for them.
  func decode(_ key: UInt64, into codes: inout [Int]) {
    var rest = key
    for column in indices.reversed() {
      let (quotient, code) = rest.quotientAndRemainder(dividingBy: UInt64(Swift.max(self[column].count, 1)))
      codes[column] = Int(code)
      rest = quotient
    }
  }
}
