import Columnar

/// What stands at the end of a Parquet file: its columns, and where the values of each lie.
struct ParquetFooter {
  /// Some rows of all columns.
  struct Group {
    let rowCount: Int
    /// The columns that hold values, in the order of the schema.
    let chunks: [ParquetChunk]
  }

  let schema: ParquetSchema
  let groups: [Group]
  /// What programs say of the file, by key.
  let properties: [String: String]

  private static let magic = Array("PAR1".utf8)

  /// Whether some bytes begin as a Parquet file does.
  static func begins(_ bytes: Buffer<UInt8>) -> Bool {
    bytes.slice(0..<min(bytes.count, 4)).array == magic
  }

  /// - Throws: `badData` where the file is damaged or encrypted.
  init(_ file: Buffer<UInt8>) throws(ImmerseError) {
    let tail = file.count - 8
    guard tail >= 4 else { throw .damagedParquet }
    if file.slice(tail + 4..<file.count).array == Array("PARE".utf8) { throw .encryptedParquet }
    guard Self.begins(file), file.slice(tail + 4..<file.count).array == Self.magic else { throw .damagedParquet }
    let length = file.slice(tail..<tail + 4).array.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= tail - 4 else { throw .damagedParquet }
    var thrift = ThriftReader(file.slice(tail - length..<tail))
    var schema: ParquetSchema?
    var groups: [Group] = []
    var properties: [String: String] = [:]
    try thrift.fields { (field, value) throws(ImmerseError) in
      switch field {
      case 2: schema = try ParquetSchema(&value)
      case 4: try value.list { (group) throws(ImmerseError) in groups.append(try Self.group(&group)) }
      case 5:
        try value.list { (entry) throws(ImmerseError) in
          var (key, text) = ("", "")
          try entry.fields { (field, value) throws(ImmerseError) in
            if field == 1 { key = try value.string() }
            if field == 2 { text = try value.string() }
          }
          properties[key] = text
        }
      case 8: throw .encryptedParquet
      default: break
      }
    }
    guard let schema else { throw .damagedParquet }
    var (rows, bytes) = (0, 0)
    for group in groups {
      guard group.chunks.count == schema.leafCount else { throw .damagedParquet }
      guard group.rowCount <= Int(Int32.max) * 4096 - rows else { throw .damagedParquet }
      rows += group.rowCount
      for chunk in group.chunks {
        // Chunks that overlap could stand for any amount of data.
        guard chunk.start <= file.count, chunk.length <= file.count - max(chunk.start, bytes) else {
          throw .damagedParquet
        }
        bytes += chunk.length
      }
    }
    self.schema = schema
    self.groups = groups
    self.properties = properties
  }

  private static func group(_ thrift: inout ThriftReader) throws(ImmerseError) -> Group {
    var (rows, chunks): (Int, [ParquetChunk]) = (0, [])
    try thrift.fields { (field, value) throws(ImmerseError) in
      switch field {
      case 1: try value.list { (chunk) throws(ImmerseError) in chunks.append(try ParquetChunk(&chunk)) }
      case 3: rows = try value.size()
      default: break
      }
    }
    return Group(rowCount: rows, chunks: chunks)
  }
}

/// The values of one column in one group of rows: where its pages lie and how they are compressed.
struct ParquetChunk {
  let codec: Int
  let start: Int
  let length: Int
  let statistics: ParquetStatistics

  /// - Throws: `badData` where the bytes are damaged, encrypted or in another file.
  init(_ thrift: inout ThriftReader) throws(ImmerseError) {
    var (codec, length): (Int?, Int?) = (nil, nil)
    var (data, dictionary): (Int?, Int?) = (nil, nil)
    var statistics = ParquetStatistics()
    try thrift.fields { (field, value) throws(ImmerseError) in
      switch field {
      case 1:
        throw ImmerseError(
          .badData, "the Parquet file keeps its values in other files", remedy: "write it as one file")
      case 3:
        try value.fields { (field, value) throws(ImmerseError) in
          switch field {
          case 4: codec = try value.integer()
          case 7: length = try value.size()
          case 9: data = try value.size()
          case 11: dictionary = try value.size()
          case 12: statistics = try ParquetStatistics(&value)
          default: break
          }
        }
      case 8, 9: throw .encryptedParquet
      default: break
      }
    }
    guard let codec, let length, let data else { throw .damagedParquet }
    self.codec = codec
    self.length = length
    self.statistics = statistics
    // Some programs write 0 where there is no dictionary.
    start = dictionary.map { $0 > 0 ? min($0, data) : data } ?? data
  }
}

extension ImmerseError {
  fileprivate static let encryptedParquet = ImmerseError(
    .badData, "the Parquet file is encrypted", remedy: "write it without encryption")
}
