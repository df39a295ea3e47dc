import Columnar

/// What an Arrow file or stream consists of: its columns, and its record batches with the dictionaries that hold for
/// them.
struct ArrowContents {
  private(set) var fields: [ArrowField] = []
  private(set) var batches: [(batch: ArrowBatch, dictionaries: [Int64: ArrowDictionary])] = []
  private var dictionaries: [Int64: ArrowDictionary] = [:]
  private let compression = ArrowCompression()

  static let magic = Array("ARROW1".utf8)

  /// Whether some bytes begin as an Arrow file or stream does.
  static func begins(_ bytes: Buffer<UInt8>) -> Bool {
    let start = bytes.slice(0..<min(bytes.count, 6)).array
    return start == magic || start.starts(with: [0xff, 0xff, 0xff, 0xff])
  }

  /// - Throws: `badData` where the bytes are damaged or hold nested columns.
  init(_ file: Buffer<UInt8>) throws(ImmerseError) {
    if file.slice(0..<min(file.count, 6)).array == Self.magic {
      try readFile(file)
    } else {
      try readStream(file)
    }
  }

  /// Reads the footer, which lists all messages, and then the dictionaries before the batches.
  private mutating func readFile(_ file: Buffer<UInt8>) throws(ImmerseError) {
    let tail = file.count - 10
    guard tail >= 8, file.slice(tail + 4..<file.count).array == Self.magic else { throw .damagedArrow }
    let length = Int(try file.load(Int32.self, at: tail))
    guard length > 0, length <= tail - 8 else { throw .damagedArrow }
    let footer = try FlatTable(root: file.slice(tail - length..<tail))
    guard let schema = try footer.table(1) else { throw .damagedArrow }
    fields = try ArrowMessage.fields(schema)
    // A block is the offset of a message, its length with the padding, and the length of its body.
    let blocks = try footer.words(2, perElement: 3) + footer.words(3, perElement: 3)
    var read = 0
    for block in stride(from: 0, to: blocks.count, by: 3) {
      guard let offset = Int(exactly: blocks[block]), offset >= 0, offset < file.count,
        let message = try ArrowMessage(file, at: offset, compression)
      else { throw .damagedArrow }
      // Messages that overlap could stand for any amount of data.
      read += message.end - offset
      guard read <= file.count else { throw .damagedArrow }
      try take(message)
    }
    for index in batches.indices { batches[index].dictionaries = dictionaries }
  }

  private mutating func readStream(_ file: Buffer<UInt8>) throws(ImmerseError) {
    guard let first = try ArrowMessage(file, at: 0, compression), case .schema(let fields) = first.header else {
      throw .damagedArrow
    }
    self.fields = fields
    var position = first.end
    while let message = try ArrowMessage(file, at: position, compression) {
      try take(message)
      position = message.end
    }
  }

  private mutating func take(_ message: ArrowMessage) throws(ImmerseError) {
    switch message.header {
    case .batch(let batch): batches.append((batch, dictionaries))
    case .dictionary(let id, let isDelta, let values):
      // A dictionary of another type than text is not read, nor are the columns that use it.
      guard let field = fields.first(where: { $0.dictionary?.id == id }) else { throw .damagedArrow }
      guard field.type.dataType == .text, !field.type.isTime else { return }
      let entries = try entries(values, field.type)
      if isDelta, let dictionary = dictionaries[id] {
        dictionaries[id] = dictionary.appending(entries)
      } else {
        dictionaries[id] = ArrowDictionary(entries, isOrdered: field.dictionary?.isOrdered ?? false)
      }
    case .schema, .other: break
    }
  }

  /// The texts of a dictionary, nil for a missing one.
  private func entries(_ batch: ArrowBatch, _ type: ArrowType) throws(ImmerseError) -> [String?] {
    let column = try ArrowColumn(ArrowField(values: type), at: 0, in: batch)
    let values = try column.values(0..<batch.rowCount, dictionary: nil)
    guard case .text(let texts) = values.values else { throw .damagedArrow }
    return (0..<texts.count).map { values.validity?[$0] == false ? nil : texts[$0] }
  }
}
