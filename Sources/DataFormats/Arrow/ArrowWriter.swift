public import Columnar
public import Streaming

/// Writes batches as an Arrow IPC file or stream: one record batch for each, missing values as nulls, categories as
/// dictionaries of UTF-8.
///
/// Chunks may code the same levels differently. Codes are brought to one dictionary as they are written, and the
/// dictionaries follow the batches, where the file's footer lets them stand; in a stream what a batch adds to them precedes
/// it, as a delta.
public struct ArrowWriter: BatchWriter {
  public let encoder: ArrowEncoder
  private let file: OutputFile
  private let fields: [Field]
  private let properties: [String: [(key: String, text: String)]]
  private let isStream: Bool
  /// For each dictionary, how many of its levels a stream holds already; nil before the first.
  private var written: [Int?]
  private var dictionaries: [LevelUnion?]
  private var batches: [Int64] = []
  /// Known with the first batch, which tells whether the order of levels means something.
  private var schema: FlatValue?

  /// - Parameters:
  ///   - properties: Metadata of the columns, by name.
  ///   - isStream: Whether a stream is written, which can be read as it comes.
  ///   - codec: How batches are compressed; nil leaves them as they are, to be mapped without a copy. Dictionaries are not
  ///     compressed.
  public init(
    to file: OutputFile, fields: [Field], properties: [String: [(key: String, text: String)]] = [:],
    isStream: Bool = false, codec: ArrowCodec? = nil
  ) {
    self.isStream = isStream
    written = fields.map { _ in nil }
    encoder = ArrowEncoder(fields: fields, codec: codec)
    self.file = file
    self.fields = fields
    self.properties = properties
    dictionaries = fields.map { $0.type == .category ? LevelUnion() : nil }
  }

  /// Writes the schema before the first batch, of which it is given the levels of every column.
  private mutating func begin(_ levels: [Levels?]) throws(ImmerseError) -> FlatValue {
    if let schema { return schema }
    let schema = ArrowMetadata.schema(
      fields, isOrdered: levels.map { $0?.isDeclared ?? false }, properties: properties)
    self.schema = schema
    if !isStream { try file.write(ArrowContents.magic + [0, 0]) }
    _ = try write(.schema, schema, bodyLength: 0)
    return schema
  }

  public mutating func append(_ encoded: ArrowBody) throws(ImmerseError) {
    var body = encoded
    _ = try begin(body.columns.map(\.levels))
    for index in fields.indices {
      guard let levels = body.columns[index].levels, var dictionary = dictionaries[index] else { continue }
      // One owner, so that the dictionary grows in place.
      dictionaries[index] = nil
      if let map = dictionary.add(levels) { body.columns[index].recode(map) }
      dictionaries[index] = dictionary
      if let codec = encoder.codec { body.columns[index].compress(codec) }
    }
    if isStream {
      for index in fields.indices {
        if let names = dictionaries[index]?.names { try writeNew(names, ofDictionary: index) }
      }
    }
    batches += try write(.batch, body, encoder.codec) { $0 }
  }

  /// Writes the levels that a stream does not hold yet.
  private mutating func writeNew(_ names: [String], ofDictionary index: Int) throws(ImmerseError) {
    let known = written[index]
    if known == names.count { return }
    let new = Array(names[(known ?? 0)...])
    let body = ArrowBody(rowCount: new.count, columns: [ArrowBuffers(Column(.text(TextBuffer(new))))])
    _ = try write(.dictionary, body) { ArrowMetadata.dictionary(id: index, $0, isDelta: known != nil) }
    written[index] = names.count
  }

  /// Ends the file with the dictionaries and the footer, a stream with its mark.
  ///
  /// - Throws: `inputOutput` where it cannot be written.
  public mutating func finish() throws(ImmerseError) {
    let schema = try begin(fields.map { _ in nil })
    if isStream { return try file.write([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]) }
    var blocks: [Int64] = []
    for (index, dictionary) in dictionaries.enumerated() {
      guard let names = dictionary?.names else { continue }
      let body = ArrowBody(rowCount: names.count, columns: [ArrowBuffers(Column(.text(TextBuffer(names))))])
      blocks += try write(.dictionary, body) { ArrowMetadata.dictionary(id: index, $0, isDelta: false) }
    }
    try file.write([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])
    let footer = ArrowMetadata.footer(schema, dictionaries: blocks, batches: batches).message
    try file.write(footer)
    try file.write(withUnsafeBytes(of: Int32(footer.count).littleEndian) { Array($0) } + ArrowContents.magic)
  }

  /// Writes a message with its body; returns its block for the footer.
  private func write(
    _ kind: ArrowMetadata.Kind, _ body: ArrowBody, _ codec: ArrowCodec? = nil, header: (FlatValue) -> FlatValue
  ) throws(ImmerseError) -> [Int64] {
    let layout = body.layout
    let header = header(
      ArrowMetadata.batch(rows: body.rowCount, nodes: body.nodes, buffers: layout.buffers, codec: codec))
    let block = try write(kind, header, bodyLength: layout.length)
    for buffer in body.columns.flatMap(\.buffers) {
      try file.write(buffer)
      try file.write([UInt8](repeating: 0, count: ArrowBody.padding(after: buffer.count)))
    }
    return block
  }

  /// Writes a message's metadata, filled up so that the body begins at an aligned position of the file.
  private func write(
    _ kind: ArrowMetadata.Kind, _ header: FlatValue, bodyLength: Int64
  ) throws(ImmerseError) -> [Int64] {
    let start = file.count
    var metadata = ArrowMetadata.message(kind, header, bodyLength: bodyLength).message
    metadata += [UInt8](repeating: 0, count: ArrowBody.padding(after: start + 8 + metadata.count))
    try file.write([0xff, 0xff, 0xff, 0xff] + withUnsafeBytes(of: Int32(metadata.count).littleEndian) { Array($0) })
    try file.write(metadata)
    return [Int64(start), Int64(8 + metadata.count), bodyLength]
  }
}

/// The levels of all chunks in the order in which they come.
private struct LevelUnion: Sendable {
  private(set) var names: [String] = []
  private var codes: [String: Int32] = [:]
  private var last: (levels: Levels, map: [Int32]?)?

  /// Adds levels; returns the codes they have here, nil where they keep their own. O(levels), O(1) for those last
  /// added.
  mutating func add(_ levels: Levels) -> [Int32]? {
    if let last, last.levels === levels { return last.map }
    let map = levels.names.map { name -> Int32 in
      if let code = codes[name] { return code }
      let code = Int32(names.count)
      codes[name] = code
      names.append(name)
      return code
    }
    let isIdentity = map.enumerated().allSatisfy { $0.offset == Int($0.element) }
    last = (levels, isIdentity ? nil : map)
    return isIdentity ? nil : map
  }
}
