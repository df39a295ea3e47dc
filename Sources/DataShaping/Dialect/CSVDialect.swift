public import Columnar

/// How a text table is written.
///
/// A quote inside quotes is doubled (RFC 4180); rows end in LF or CRLF; a byte order mark is skipped.
public struct CSVDialect: Sendable, Equatable {
  public enum Encoding: Sendable {
    case utf8
    /// ISO 8859-1 as Windows extends it (code page 1252).
    case latin1
  }

  /// The byte between cells; nil takes the most frequent of comma, semicolon and tab in the header.
  public var separator: UInt8?
  /// The byte around cells that hold separators, quotes or line ends; 0 where no byte is a quote.
  public var quote: UInt8
  /// The byte before the decimals: a point, or the comma of most of Europe.
  public var decimal: UInt8
  /// Cells that stand for a missing value, besides the empty one.
  public var missingCodes: [String]
  public var encoding: Encoding

  public init(
    separator: UInt8? = nil, quote: UInt8 = UInt8(ascii: "\""), decimal: UInt8 = UInt8(ascii: "."),
    missingCodes: [String] = [],
    encoding: Encoding = .utf8
  ) {
    self.separator = separator
    self.quote = quote
    self.decimal = decimal
    self.missingCodes = missingCodes
    self.encoding = encoding
  }

  /// - Throws: `usage` where the dialect contradicts itself.
  public func check() throws(ImmerseError) {
    let point = UInt8(ascii: "."), comma = UInt8(ascii: ",")
    guard decimal == point || decimal == comma else {
      throw ImmerseError(.usage, "the decimal mark is neither a point nor a comma")
    }
    let isCommon = CSVDialect.isPlain(quote) && quote != UInt8(ascii: " ") && ![9, 44, 46, 59].contains(quote)
    guard quote == 0 || isCommon else {
      throw ImmerseError(.usage, "this quote of cells would be ambiguous", remedy: "use \" or ', or none")
    }
    guard let separator else { return }
    guard CSVDialect.isPlain(separator), separator != UInt8(ascii: "\""), separator != quote, separator != decimal
    else {
      throw ImmerseError(.usage, "this separator of cells would be ambiguous", remedy: "use , ; | or a tab")
    }
  }

  /// Whether a byte is no part of words and numbers, and ends no line: it can stand between cells or around them.
  private static func isPlain(_ byte: UInt8) -> Bool {
    let isWordy = byte >= 128 || Character(Unicode.Scalar(byte)).isLetter
    return !isWordy && !"0123456789+-\r\n\0".utf8.contains(byte)
  }
}
