import Columnar

extension CSVDialect: Decodable {
  private enum CodingKeys: String, CodingKey {
    case separator, quote, decimal, encoding
    case missingCodes = "missing_codes"
  }

  private enum EncodingName: String, Decodable { case utf8 = "utf-8", latin1 = "latin-1" }

  /// Reads `separator`, `quote` (a character or `none`), `decimal`, `encoding` (`utf-8` or `latin-1`) and `missing_codes`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func byte(_ key: CodingKeys) throws -> UInt8? {
      guard let text = try container.decodeIfPresent(String.self, forKey: key) else { return nil }
      if key == .quote, text == "none" { return 0 }
      guard text.utf8.count == 1 else {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: container, debugDescription: "\"\(text)\" is not a single character")
      }
      return text.utf8.first
    }
    self.init(
      separator: try byte(.separator), quote: try byte(.quote) ?? UInt8(ascii: "\""),
      decimal: try byte(.decimal) ?? UInt8(ascii: "."),
      missingCodes: try container.decodeIfPresent([String].self, forKey: .missingCodes) ?? [],
      encoding: try container.decodeIfPresent(EncodingName.self, forKey: .encoding) == .latin1 ? .latin1 : .utf8)
    try check()
  }
}
