/// Columns written as a range: `rw1-rw80`, `PV1MATH-PV10MATH`, `JR01-JR75`.
public enum ColumnRange {
  /// The names that texts stand for: a text that is no range stands for itself.
  ///
  /// - Throws: `usage` for a range that runs backwards or has more than 10,000 columns, and for a name given twice.
  public static func names(_ texts: [String]) throws(ImmerseError) -> [String] {
    var names: [String] = []
    for text in texts { names += try self.names(text) }
    var seen: Set<String> = []
    if let twice = names.first(where: { !seen.insert($0).inserted }) {
      throw ImmerseError(.usage, "is named twice in \(texts.joined(separator: ","))", variable: twice)
    }
    return names
  }

  private static func names(_ text: String) throws(ImmerseError) -> [String] {
    let characters = Array(text)
    for position in characters.indices where characters[position] == "-" {
      let (first, last) = (Array(characters[..<position]), Array(characters[(position + 1)...]))
      if let range = Ends(first, last) { return try range.names(text) }
    }
    return [text]
  }

  /// Two names that differ in one number only.
  private struct Ends {
    let prefix: String
    let suffix: String
    let low: Int
    let high: Int
    /// Digits of a number that is padded with zeros, else 0.
    let width: Int

    init?(_ first: [Character], _ last: [Character]) {
      var start = zip(first, last).prefix { $0 == $1 }.count
      while start > 0, first[start - 1].isASCIIDigit { start -= 1 }
      let (restOfFirst, restOfLast) = (first[start...], last[start...])
      let (low, high) = (restOfFirst.prefix(while: \.isASCIIDigit), restOfLast.prefix(while: \.isASCIIDigit))
      let suffix = restOfFirst.dropFirst(low.count)
      guard suffix.elementsEqual(restOfLast.dropFirst(high.count)), let lowest = Int(String(low)),
        let highest = Int(String(high))
      else { return nil }
      prefix = String(first[..<start])
      self.suffix = String(suffix)
      (self.low, self.high) = (lowest, highest)
      width = low.first == "0" && low.count > 1 ? low.count : 0
    }

    func names(_ text: String) throws(ImmerseError) -> [String] {
      guard low <= high, high - low < 10_000 else {
        throw ImmerseError(
          .usage, "\"\(text)\" \(low > high ? "runs backwards" : "has more than 10,000 columns")",
          remedy: "write a range as rw1-rw80")
      }
      return (low...high).map { number in
        let digits = String(number)
        return prefix + String(repeating: "0", count: max(0, width - digits.count)) + digits + suffix
      }
    }
  }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
