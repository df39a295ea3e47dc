public import Columnar
import DataFormats
public import ImmerseStats

/// The forms in which a result can be printed or written.
public enum ResultFormat: String, Sendable, CaseIterable {
  case table, csv, json, arrow, markdown, xlsx

  /// The form that the extension of a file tells, or nil.
  public init?(extension name: String) {
    switch name {
    case "csv": self = .csv
    case "json": self = .json
    case "arrow": self = .arrow
    case "md": self = .markdown
    case "txt": self = .table
    case "xlsx": self = .xlsx
    default: return nil
    }
  }

  /// The whole result as text; the forms that are no text print as a table.
  public func render(_ result: AnalysisResult) -> String {
    let table = ResultTable(result.rows)
    return switch self {
    case .table, .arrow, .xlsx: TextTable.render(result)
    case .csv: SeparatedTable.csv(table)
    case .json: result.json.text
    case .markdown: SeparatedTable.markdown(table)
    }
  }

  /// Writes a result to a file, or to standard output (`-`); in Arrow, a stream there. Arrow holds the rows alone, and a
  /// workbook a sheet for the rows and one for each further part.
  ///
  /// - Throws: `usage` where the file exists and `force` is not set, `inputOutput` where it cannot be written.
  public func write(_ result: AnalysisResult, to path: String, force: Bool) throws(ImmerseError) {
    switch self {
    case .arrow: try ResultTable(result.rows).writeArrow(to: path, force: force)
    case .xlsx: try OutputFile.write(try Workbook.bytes(of: result), to: path, force: force)
    default: try OutputFile.write(Array(render(result).utf8), to: path, force: force)
    }
  }
}

/// Tables whose cells are separated by a character.
enum SeparatedTable {
  /// Numbers in full, absent values empty, text quoted where it has to be.
  static func csv(_ table: ResultTable) -> String {
    ([table.columns] + table.rows.map { $0.map(plain) })
      .map { $0.map(quoted).joined(separator: ",") + "\n" }.joined()
  }

  static func markdown(_ table: ResultTable) -> String {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
    let rule = table.columns.indices.map { column in
      table.rows.contains { $0[column].isNumber } ? "---:" : "---"
    }
    return line(table.columns) + line(rule)
      + table.rows.map { line($0.map { TextTable.text($0).split(separator: "|").joined(separator: "\\|") }) }.joined()
  }

  private static func plain(_ value: JSONValue) -> String {
    switch value {
    case .null: ""
    case .string(let text): text
    default: value.compactText
    }
  }

  private static func quoted(_ cell: String) -> String {
    guard cell.utf8.contains(where: { $0 == 0x22 || $0 == 0x2c || $0 == 0x0a || $0 == 0x0d }) else { return cell }
    return "\"" + cell.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
}
