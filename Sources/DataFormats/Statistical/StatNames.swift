/// Names of variables as SPSS and Stata accept them.
struct StatNames {
  private let format: StatFormat
  private var used: Set<String> = []
  /// Words of SPSS's language.
  private static let reserved: Set = [
    "ALL", "AND", "BY", "EQ", "GE", "GT", "LE", "LT", "NE", "NOT", "OR", "TO", "WITH",
  ]

  init(_ format: StatFormat) { self.format = format }

  private var limit: Int { format == .dta ? 32 : 64 }

  /// The name itself where it is accepted and free, else one near it.
  mutating func accepted(_ name: String) -> String {
    var bytes = name.utf8.map { isAllowed($0) ? $0 : UInt8(ascii: "_") }
    if bytes.first.map({ !isFirst($0) }) ?? true { bytes.insert(UInt8(ascii: "v"), at: 0) }
    var text = cut(String(decoding: bytes, as: UTF8.self), to: limit)
    if format == .sav, Self.reserved.contains(text.uppercased()) { text += "_" }
    var number = 2
    let stem = text
    while !used.insert(text.uppercased()).inserted {
      text = cut(stem, to: limit - 5) + "_\(number)"
      number += 1
    }
    return text
  }

  private func isFirst(_ byte: UInt8) -> Bool {
    byte >= 0x80 || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || byte == UInt8(ascii: "_") && format == .dta
  }

  private func isAllowed(_ byte: UInt8) -> Bool {
    if isFirst(byte) || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || byte == UInt8(ascii: "_") { return true }
    return format == .sav && "@#$.".utf8.contains(byte)
  }
}

/// A text of at most so many bytes, cut between characters.
func cut(_ text: String, to limit: Int) -> String {
  if text.utf8.count <= limit { return text }
  var count = 0
  return String(
    text.prefix { character in
      count += character.utf8.count
      return count <= limit
    })
}
