import CXlsxWriter
import Columnar
import Foundation
import ImmerseStats

/// A result as an Excel workbook.
enum Workbook {
  /// A sheet of the rows, one for each further table of the result, and one of the notes. Numbers are numbers; absent
  /// ones are empty cells.
  ///
  /// - Throws: `inputOutput` where the workbook cannot be put together.
  static func bytes(of result: AnalysisResult) throws(ImmerseError) -> [UInt8] {
    let path = FileManager.default.temporaryDirectory.appending(path: "immerse-\(UUID().uuidString).xlsx").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    guard let workbook = workbook_new(path) else { throw failed }
    var sheets: [(name: String, table: ResultTable)] = [(result.analysis, ResultTable(result.rows))]
    for member in result.sections {
      switch member.value {
      case .array(let rows): sheets.append((member.key, ResultTable(rows)))
      case .object(let members):
        sheets.append(
          (member.key, ResultTable(columns: ["name", "value"], rows: members.map { [.string($0.key), $0.value] })))
      default: sheets.append((member.key, ResultTable(columns: [member.key], rows: [[member.value]])))
      }
    }
    if !result.notes.isEmpty {
      let rows = result.notes.map { [JSONValue.string($0.code), .string($0.message)] }
      sheets.append(("notes", ResultTable(columns: ["code", "message"], rows: rows)))
    }
    var names: Set<String> = []
    for (name, table) in sheets {
      guard let sheet = workbook_add_worksheet(workbook, free(name, &names)) else {
        workbook_close(workbook)
        throw failed
      }
      fill(sheet, table, bold: workbook_add_format(workbook))
    }
    guard workbook_close(workbook) == LXW_NO_ERROR, let data = FileManager.default.contents(atPath: path) else {
      throw failed
    }
    return Array(data)
  }

  private static func fill(
    _ sheet: UnsafeMutablePointer<lxw_worksheet>, _ table: ResultTable, bold: UnsafeMutablePointer<lxw_format>?
  ) {
    if let bold { format_set_bold(bold) }
    for (column, name) in table.columns.enumerated() {
      worksheet_write_string(sheet, 0, lxw_col_t(clamping: column), name, bold)
    }
    for (row, cells) in table.rows.enumerated() {
      for (column, cell) in cells.enumerated() {
        let (row, column) = (lxw_row_t(clamping: row + 1), lxw_col_t(clamping: column))
        switch cell {
        case .null: break
        case .integer(let value): worksheet_write_number(sheet, row, column, Double(value), nil)
        case .number(let value): worksheet_write_number(sheet, row, column, value, nil)
        case .bool(let value): worksheet_write_boolean(sheet, row, column, value ? 1 : 0, nil)
        case .string(let text): worksheet_write_string(sheet, row, column, text, nil)
        case .array, .object: worksheet_write_string(sheet, row, column, cell.compactText, nil)
        }
      }
    }
    worksheet_freeze_panes(sheet, 1, 0)
  }

  /// A sheet's name: 31 characters, none of those Excel forbids, no name twice.
  private static func free(_ name: String, _ used: inout Set<String>) -> String {
    let stem = String(name.map { "[]:*?/\\".contains($0) ? "_" : $0 }.prefix(27))
    var free = stem
    var number = 2
    while !used.insert(free.lowercased()).inserted {
      free = "\(stem)_\(number)"
      number += 1
    }
    return free
  }

  private static let failed = ImmerseError(.inputOutput, "the workbook cannot be put together")
}
