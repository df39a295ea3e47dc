import Columnar

/// What the program that wrote a Parquet file says of a column beside its values: the Arrow schema in the footer.
struct ParquetDetail {
  let metadata: VariableMetadata?
  /// The variable whose reasons of missing values the column holds.
  let reasonOf: String?
  /// For a dictionary, whether its order means something; nil for other columns.
  let isOrdered: Bool?

  private init(_ field: ArrowField) {
    metadata = VariableMetadata(properties: field.properties)
    reasonOf = field.properties.first { $0.key == VariableMetadata.reasonKey }?.text
    isOrdered = field.dictionary?.isOrdered
  }

  /// The details of columns, by name. A schema that cannot be read says nothing.
  static func all(in properties: [String: String]) -> [String: ParquetDetail] {
    guard let message = properties["ARROW:schema"].flatMap({ Base64.bytes($0) }),
      let fields = try? fields(Buffer(message))
    else { return [:] }
    return fields.reduce(into: [:]) { $0[$1.name] = ParquetDetail($1) }
  }

  /// The flat columns of an encapsulated message that holds a schema.
  private static func fields(_ message: Buffer<UInt8>) throws(ImmerseError) -> [ArrowField] {
    let hasMarker = try message.load(Int32.self, at: 0) == -1
    let schema = try FlatTable(root: message.slice((hasMarker ? 8 : 4)..<message.count)).table(2)
    return try schema?.tables(1).compactMap { try? ArrowField($0, after: nil) } ?? []
  }
}

/// Bytes as text of 64 letters.
enum Base64 {
  /// nil where the text has other characters.
  static func bytes(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var (word, bits) = (0, 0)
    for letter in text.utf8 {
      let value: UInt8
      switch letter {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = letter - UInt8(ascii: "A")
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = letter - UInt8(ascii: "a") + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = letter - UInt8(ascii: "0") + 52
      case UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "/"): value = 63
      case UInt8(ascii: "="): continue
      default: return nil
      }
      word = (word << 6 | Int(value)) & 0xffff
      bits += 6
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: word >> bits))
      }
    }
    return bytes
  }
}
