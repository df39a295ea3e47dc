import CImmerse
import Columnar

/// Says what is wrong with a text table, and where; reads again, byte by byte, what the fast path refused.
struct CSVDiagnosis: Sendable {
  let text: FileBytes
  let name: String
  let separator: UInt8
  let quote: UInt8
  var columnNames: [String] = []

  /// The line of a byte, and where given the position of its column.
  func place(ofByte byte: Int, column: Int? = nil) -> ImmerseError.Place {
    let newlines = text.buffer.withUnsafeBufferPointer { imm_csv_count($0.baseAddress, byte, quote).newlines }
    return ImmerseError.Place(file: name, line: Int(newlines) + 1, column: column.map { $0 + 1 })
  }

  /// The first row in some bytes that is not well formed or has another number of cells than the header.
  func firstFault(in range: Range<Int>) -> ImmerseError {
    text.buffer.withUnsafeBufferPointer { bytes in
      let table = UnsafeBufferPointer(rebasing: bytes[..<range.upperBound])
      var start = range.lowerBound
      do throws(CSVRecord.Fault) {
        while start < range.upperBound {
          let record = try CSVRecord(table, from: start, separator: separator, quote: quote)
          if record.cells.count != columnNames.count { return ragged(at: start, cells: record.cells.count) }
          start = record.end
        }
        return ImmerseError(.failure, "a row was refused that reads well", place: place(ofByte: range.lowerBound))
      } catch {
        return malformed(error)
      }
    }
  }

  func malformed(_ fault: CSVRecord.Fault) -> ImmerseError {
    switch fault {
    case .unterminatedQuote(let byte):
      ImmerseError(
        .badData, "a quote is opened and never closed", place: place(ofByte: byte),
        remedy: "close it, or double it where it belongs to the text")
    case .strayQuote(let byte):
      ImmerseError(
        .badData, "a quote stands inside a cell", place: place(ofByte: byte),
        remedy: "enclose the whole cell in quotes and double those inside")
    }
  }

  private func ragged(at byte: Int, cells: Int) -> ImmerseError {
    ImmerseError(
      .badData, "the row has \(cells) cells where the header has \(columnNames.count)", place: place(ofByte: byte),
      remedy: cells > columnNames.count
        ? "enclose cells that hold the separator in quotes" : "complete the row, or remove it")
  }

  func notANumber(at byte: Int, column: Int) -> ImmerseError {
    ImmerseError(
      .badData, "text where a number is needed", place: place(ofByte: byte, column: column),
      variable: columnNames[column], remedy: "correct the cell, declare it a missing code, or use a category")
  }

  func nul(in range: Range<Int>) -> ImmerseError {
    let byte = range.first { text.buffer[$0] == 0 } ?? range.lowerBound
    return ImmerseError(
      .badData, "a NUL byte stands in the text", place: place(ofByte: byte),
      remedy: "the file is damaged, not text, or UTF-16; save it as CSV in UTF-8")
  }

  func notUTF8(at byte: Int) -> ImmerseError {
    ImmerseError(
      .badData, "the text is not UTF-8", place: place(ofByte: byte),
      remedy: "save the file as UTF-8, or declare its encoding as latin1")
  }
}
