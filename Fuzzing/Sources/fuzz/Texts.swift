import Columnar
import Expressions
import ImmerseStats
import ModelFormula
import Studies

/// Texts that people write. What is read is also used as far as it needs no large data.
enum Texts {
  /// YAML: a study, and a codebook, which has to read what it writes.
  static let codebook: Target = { bytes in
    let text = String(decoding: bytes, as: UTF8.self)
    _ = try? StrictYAML.decode(Study.self, from: text, file: "input")
    let book = try StrictYAML.decode(Codebook.self, from: text, file: "input")
    _ = book.ddi
    let again = try? StrictYAML.decode(Codebook.self, from: book.yaml, file: "again")
    // How another program prints values is not kept.
    let known = book.metadata.mapValues { metadata in
      var metadata = metadata
      metadata.format = nil
      return metadata
    }
    guard again?.metadata == known else { fatalError("a codebook changes when it is written and read") }
  }

  private static let rows = Batch(
    [
      ("x", Column([1, 2.5, .nan, -3])), ("y", Column([0, 0, 1, 1])), ("age", Column([10, 11, 12, .nan])),
      ("country", Column(["BE", nil, "DE", ""])),
    ], rowCount: 4)

  /// Conditions and computations, on a few rows where these have the columns.
  static let expression: Target = { bytes in
    let expression = try Expression(parsing: String(decoding: bytes, as: UTF8.self))
    _ = try? expression.evaluateMask(rows)
    _ = try? expression.evaluateNumbers(rows)
    _ = try? expression.evaluateColumn(rows)
  }

  static let formula: Target = { bytes in _ = try Formula(parsing: String(decoding: bytes, as: UTF8.self)) }

  static let request: Target = { bytes in _ = try AnalysisRequest(json: bytes) }
}
