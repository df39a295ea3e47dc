import ArgumentParser
import DataFormats

/// How text files are written, where it is not found out.
struct DialectOptions: ParsableArguments {
  @Option(help: "A cell that stands for a missing value, besides the empty one; may be repeated.")
  var missingCode: [String] = []

  @Option(help: "The character between cells; by default the most frequent of comma, semicolon and tab.")
  var separator: String?

  @Option(help: "The character around cells, or none: by default the double quote.")
  var quote: String = "\""

  @Flag(help: "Decimals follow a comma.")
  var decimalComma = false

  @Flag(help: "The text is Latin-1 (code page 1252), not UTF-8.")
  var latin1 = false

  @Flag(help: "Labelled variables are groups by their labels, in the order of the codes, not numbers by their codes.")
  var labels = false

  func validate() throws {
    guard separator.map({ $0.utf8.count == 1 || $0 == "\\t" }) ?? true else {
      throw ValidationError("--separator takes a single character, or \\t for a tab")
    }
    guard quote == "none" || quote.utf8.count == 1 else {
      throw ValidationError("--quote takes a single character, or none")
    }
  }

  private var quoteByte: UInt8 { quote == "none" ? 0 : quote.utf8.first ?? 0 }

  var options: DataFile.Options {
    DataFile.Options(
      dialect: CSVDialect(
        separator: separator == "\\t" ? UInt8(ascii: "\t") : separator?.utf8.first,
        quote: quoteByte, decimal: UInt8(ascii: decimalComma ? "," : "."), missingCodes: missingCode,
        encoding: latin1 ? .latin1 : .utf8), labels: labels)
  }
}
