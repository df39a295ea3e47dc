import Columnar

/// How a text table is written.
///
/// The quote is always `"`, doubled inside quotes (RFC 4180); rows end in LF or CRLF; a byte order mark is skipped.
public struct CSVDialect: Sendable, Equatable {
  public enum Encoding: Sendable {
    case utf8
    /// ISO 8859-1 as Windows extends it (code page 1252).
    case latin1
  }

  /// The byte between cells; nil takes the most frequent of comma, semicolon and tab in the header.
  public var separator: UInt8?
  /// The byte before the decimals: a point, or the comma of most of Europe.
  public var decimal: UInt8
  /// Cells that stand for a missing value, besides the empty one.
  public var missingCodes: [String]
  public var encoding: Encoding

  public init(
    separator: UInt8? = nil, decimal: UInt8 = UInt8(ascii: "."), missingCodes: [String] = [],
    encoding: Encoding = .utf8
  ) {
    self.separator = separator
    self.decimal = decimal
    self.missingCodes = missingCodes
    self.encoding = encoding
  }

  /// - Throws: `usage` where the dialect contradicts itself.
  func check() throws(ImmerseError) {
    let point = UInt8(ascii: "."), comma = UInt8(ascii: ",")
    guard decimal == point || decimal == comma else {
      throw ImmerseError(.usage, "the decimal mark is neither a point nor a comma")
    }
    guard let separator else { return }
    let isWordy = separator >= 128 || Character(Unicode.Scalar(separator)).isLetter
    let isNumeric = "0123456789+-".utf8.contains(separator)
    guard !isWordy, !isNumeric, !"\"\r\n\0".utf8.contains(separator), separator != decimal else {
      throw ImmerseError(.usage, "this separator of cells would be ambiguous", remedy: "use , ; | or a tab")
    }
  }
}

/// The bytes that give a text table its shape.
enum CSVByte {
  static let quote = UInt8(ascii: "\"")
  static let newline = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
}
