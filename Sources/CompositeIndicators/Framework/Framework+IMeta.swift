public import Columnar
public import Streaming

extension Framework {
  /// Reads the indicator table of the R package COINr: one row for each indicator, aggregate, group or denominator,
  /// with the columns `Level`, `iCode`, `Direction`, `Weight`, `Parent`, `Type` and, where present, `iName`,
  /// `Denominator` and `Target`. Rows of other types describe columns of the data and are passed over; `NA` is empty.
  ///
  /// Source: Becker et al. (2022), COINr: An R package for developing composite indicators, JOSS 7(78), 4567.
  ///
  /// - Throws: `badData` where a column or a value is missing, contradicts its column or the tree.
  public init(iMeta source: any Source) throws(ImmerseError) {
    try source.require(["Level", "iCode", "Direction", "Weight", "Parent", "Type"])
    let rows = try IMetaRow.read(source)
    self.init(indicators: [], aggregates: [])
    for row in rows {
      switch try row.required("Type").lowercased() {
      case "indicator":
        let sign = try row.number("Direction") ?? 1
        guard let direction = Int(exactly: sign).flatMap(Direction.init(rawValue:)) else {
          throw row.error("the direction is neither 1 nor -1", column: "Direction")
        }
        indicators.append(
          Indicator(
            try row.required("iCode"), name: row["iName"], parents: row["Parent"].map { [$0] } ?? [],
            weight: try row.number("Weight") ?? 1, direction: direction, denominator: row["Denominator"],
            target: try row.number("Target")))
      case "aggregate":
        aggregates.append(
          Aggregate(
            try row.required("iCode"), name: row["iName"], parents: row["Parent"].map { [$0] } ?? [],
            weight: try row.number("Weight") ?? 1))
      case "group", "denominator", "other": continue
      default: throw row.error("the type is none of Indicator, Aggregate, Group, Denominator, Other", column: "Type")
      }
    }
    // The stated levels are redundant; where they disagree with the parents, one of the two is a slip. A tree that is faulty
    // itself has no levels, and says so when it is checked or used.
    if !findings().isEmpty { return }
    let levels = Dictionary(try hierarchy().terms.map { ($0.code, $0.level) }) { first, _ in first }
    for row in rows {
      guard let code = row["iCode"], let level = levels[code], let stated = try row.number("Level") else { continue }
      if Double(level) != stated {
        throw row.error("the level of \"\(code)\" is not what its parents make of it, \(level)", column: "Level")
      }
    }
  }
}

/// One line of an `iMeta` table, as text.
private struct IMetaRow {
  static let columns = [
    "Level", "iCode", "iName", "Direction", "Weight", "Parent", "Type", "Denominator", "Target",
  ]

  private let source: any Source
  /// Counted from 0.
  private let row: Int
  private var cells: [String: String] = [:]

  private init(source: any Source, row: Int) {
    self.source = source
    self.row = row
  }

  subscript(column: String) -> String? { cells[column] }

  static func read(_ source: any Source) throws(ImmerseError) -> [IMetaRow] {
    let present = columns.filter(source.columnNames.contains)
    var rows: [IMetaRow] = []
    for index in 0..<source.chunkCount {
      let batch = try source.chunk(index, present.map { .category($0) })
      let first = rows.count
      for row in 0..<batch.rowCount {
        rows.append(IMetaRow(source: source, row: batch.firstRow + row))
      }
      for name in present {
        let column = try batch.categories(name)
        for row in 0..<batch.rowCount where column.codes[row] >= 0 {
          let text = column.levels[Int(column.codes[row])]
          if !text.isEmpty && text != "NA" { rows[first + row].cells[name] = text }
        }
      }
    }
    return rows
  }

  func required(_ column: String) throws(ImmerseError) -> String {
    guard let text = self[column] else { throw error("the cell is empty", column: column) }
    return text
  }

  func number(_ column: String) throws(ImmerseError) -> Double? {
    guard let text = self[column] else { return nil }
    guard let number = Double(text) else { throw error("the cell is not a number", column: column) }
    return number
  }

  func error(_ problem: String, column: String) -> ImmerseError {
    ImmerseError(
      .badData, problem, place: source.place(ofRow: row, column: column), row: row, variable: column,
      remedy: "correct the indicator table")
  }
}
