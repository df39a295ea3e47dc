public import ImmerseStats

/// A result as aligned text for a terminal: numbers to the right, with as many digits as a reader can use.
public enum TextTable {
  /// The rows, then what belongs to the analysis as a whole, but for covariance matrices, which are for programs.
  public static func render(_ result: AnalysisResult) -> String {
    var text = render(ResultTable(result.rows))
    for member in result.sections where member.key != "vcov" {
      switch member.value {
      case .array(let rows) where rows.isEmpty: continue
      case .array(let rows):
        let table = ResultTable(rows)
        text += "\n\(heading(member.key))\n" + render(table, bars: member.key.hasSuffix("_histogram") ? "n" : nil)
      case .object(let members):
        text +=
          "\n\(heading(member.key)): "
          + members.map { "\(words($0.key)) \(TextTable.text($0.value))" }.joined(separator: ", ") + "\n"
      default: text += "\n\(heading(member.key)): \(TextTable.text(member.value))\n"
      }
    }
    return text
  }

  /// A key as a reader would write it.
  public static func heading(_ key: String) -> String {
    let words = words(key)
    return words.prefix(1).uppercased() + words.dropFirst()
  }

  /// A key, its underscores made spaces.
  public static func words(_ key: String) -> String { key.split(separator: "_").joined(separator: " ") }

  /// - Parameter counts: a column whose numbers are drawn as bars, too.
  static func render(_ table: ResultTable, bars counts: String? = nil) -> String {
    var table = table
    if let counts, let column = table.columns.firstIndex(of: counts) {
      let numbers = table.rows.map { Double(text($0[column])) ?? 0 }
      let highest = max(numbers.max() ?? 0, 1)
      table.columns.append("")
      for row in table.rows.indices {
        let length = Int((numbers[row] / highest * 40).rounded(.up))
        table.rows[row].append(.string(String(repeating: "█", count: length)))
      }
    }
    let cells = table.rows.map { $0.map { text($0) } }
    let widths = table.columns.indices.map { column in
      max(table.columns[column].count, cells.map { $0[column].count }.max() ?? 0)
    }
    let right = table.columns.indices.map { column in table.rows.contains { $0[column].isNumber } }
    func line(_ cells: [String]) -> String {
      var padded = zip(zip(cells, widths), right).map { cell, right in
        let fill = String(repeating: " ", count: cell.1 - cell.0.count)
        return right ? fill + cell.0 : cell.0 + fill
      }.joined(separator: "  ")
      while padded.last == " " { padded.removeLast() }
      return padded + "\n"
    }
    return line(table.columns) + cells.map(line).joined()
  }

  /// Up to six significant digits; whole numbers in full.
  public static func text(_ value: JSONValue) -> String {
    switch value {
    case .null: "-"
    case .bool(let value): value ? "yes" : "no"
    case .integer(let value): "\(value)"
    case .number(let value): Digits.significant(value, 6)
    case .string(let value): value
    case .array(let values): "[" + values.map(text).joined(separator: ", ") + "]"
    case .object: value.compactText
    }
  }
}

extension JSONValue {
  var isNumber: Bool {
    switch self {
    case .integer, .number: true
    default: false
    }
  }
}
