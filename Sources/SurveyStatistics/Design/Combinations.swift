import Columnar

/// A combination of one code of each column, as a single number: the codes are its digits, the last column's the lowest.
extension [Levels] {
  /// - Throws: `usage` where the columns have more combinations than fit into 31 bits.
  func checkCombinations(of names: [String]) throws(ImmerseError) {
    var product = 1.0
    for levels in self { product *= Double(Swift.max(levels.count, 1)) }
    guard product < Double(Int32.max) else {
      throw ImmerseError(
        .usage, "\(names.joined(separator: ", ")) have too many combinations", remedy: "cross fewer columns")
    }
  }

  /// The code of each column in a combination.
  func codes(ofCombination key: UInt64) -> [Int] {
    var rest = key
    var codes: [Int] = []
    for levels in reversed() {
      let (quotient, code) = rest.quotientAndRemainder(dividingBy: UInt64(Swift.max(levels.count, 1)))
      codes.append(Int(code))
      rest = quotient
    }
    return codes.reversed()
  }
}
