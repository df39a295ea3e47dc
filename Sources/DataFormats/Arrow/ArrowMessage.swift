import Columnar

/// One message of an Arrow file or stream: its header and the bytes that follow it.
struct ArrowMessage {
  enum Header {
    case schema([ArrowField])
    case dictionary(id: Int64, isDelta: Bool, values: ArrowBatch)
    case batch(ArrowBatch)
    case other
  }

  let header: Header
  /// The first byte after the message.
  let end: Int

  /// Reads the message at a position; nil where the stream ends there.
  ///
  /// - Throws: `badData` where the message is damaged, or of a kind that is not read.
  init?(_ file: Buffer<UInt8>, at start: Int, _ compression: ArrowCompression) throws(ImmerseError) {
    if start == file.count { return nil }
    var position = start
    var length = Int(try file.load(Int32.self, at: position))
    position += 4
    if length == -1 {
      // Since Arrow 0.15 a marker precedes the length.
      length = Int(try file.load(Int32.self, at: position))
      position += 4
    }
    if length == 0 { return nil }
    guard length > 0, length <= file.count - position else { throw .damagedArrow }
    let message = try FlatTable(root: file.slice(position..<position + length))
    position += length
    let bodyLength: Int64 = try message.integer(3, default: 0)
    guard bodyLength >= 0, bodyLength <= file.count - position else { throw .damagedArrow }
    let body = file.slice(position..<position + Int(bodyLength))
    end = position + Int(bodyLength)
    guard let header = try message.table(2) else { throw .damagedArrow }
    switch try message.integer(1, default: UInt8(0)) {
    case 1: self.header = .schema(try Self.fields(header))
    case 2:
      guard let data = try header.table(1) else { throw .damagedArrow }
      self.header = .dictionary(
        id: try header.integer(0, default: 0), isDelta: try header.bool(2),
        values: try ArrowBatch(data, body, compression))
    case 3: self.header = .batch(try ArrowBatch(header, body, compression))
    default: self.header = .other
    }
  }

  /// The columns of a schema.
  static func fields(_ schema: FlatTable) throws(ImmerseError) -> [ArrowField] {
    guard try schema.integer(0, default: Int16(0)) == 0 else {
      throw ImmerseError(.badData, "the Arrow file is big-endian", remedy: "write it on another machine")
    }
    var fields: [ArrowField] = []
    for table in try schema.tables(1) { fields.append(try ArrowField(table, after: fields.last)) }
    return fields
  }
}

/// Rows of all columns of an Arrow file, as they lie in it.
struct ArrowBatch {
  let rowCount: Int
  private let body: Buffer<UInt8>
  private let compression: ArrowCompression
  private let codec: ArrowCompression.Codec?
  /// Length and number of missing values, two words for each column.
  private let nodes: [Int64]
  /// Offset and length in the body, two words for each buffer.
  private let buffers: [Int64]
  /// For each column of views, how many buffers it has beyond its fixed ones.
  let viewBuffers: [Int]

  /// - Throws: `badData` where the message is damaged or its body compressed in an unknown way.
  init(_ table: FlatTable, _ body: Buffer<UInt8>, _ compression: ArrowCompression) throws(ImmerseError) {
    let rows: Int64 = try table.integer(0, default: 0)
    guard (0...Int64(Int32.max)).contains(rows) else { throw .damagedArrow }
    self.compression = compression
    if let table = try table.table(3) {
      let number = try table.integer(0, default: UInt8(0))
      guard let codec = ArrowCompression.Codec(rawValue: number) else {
        throw ImmerseError(
          .badData, "the Arrow file is compressed in a way that is not read (codec \(number))",
          remedy: "write it with zstd or lz4, or uncompressed")
      }
      self.codec = codec
    } else {
      codec = nil
    }
    rowCount = Int(rows)
    self.body = body
    nodes = try table.words(1, perElement: 2)
    buffers = try table.words(2, perElement: 2)
    let views = try table.words(4, perElement: 1)
    guard views.allSatisfy({ (0...Int64(Int32.max)).contains($0) }) else { throw .damagedArrow }
    viewBuffers = views.map { Int($0) }
  }

  /// The number of missing values of a column.
  ///
  /// - Throws: `badData` where the column has another number of rows than the batch.
  func missingCount(ofColumn column: Int) throws(ImmerseError) -> Int {
    guard 2 * column + 1 < nodes.count, nodes[2 * column] == rowCount, nodes[2 * column + 1] >= 0 else {
      throw .damagedArrow
    }
    return Int(nodes[2 * column + 1])
  }

  /// The bytes of one buffer.
  func buffer(_ index: Int) throws(ImmerseError) -> Buffer<UInt8> {
    guard index >= 0, 2 * index + 1 < buffers.count else { throw .damagedArrow }
    let (offset, length) = (buffers[2 * index], buffers[2 * index + 1])
    guard offset >= 0, length >= 0, offset <= body.count, length <= Int64(body.count) - offset else {
      throw .damagedArrow
    }
    let bytes = body.slice(Int(offset)..<Int(offset + length))
    return try codec.map { codec throws(ImmerseError) in try compression.expand(bytes, codec) } ?? bytes
  }
}
