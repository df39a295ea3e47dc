public import Columnar

extension Profile {
  /// The profile as bytes, by which several processes agree on levels and provisional means.
  public var blob: [UInt8] {
    var blob = BlobWriter()
    blob.write([rowCount, droppedRowCount])
    let categories = levels.sorted { $0.key < $1.key }
    blob.write(categories.map(\.key))
    for (_, levels) in categories {
      blob.write(levels.names)
      blob.write(levels.isDeclared ? 1 : 0)
    }
    let numbers = numbers.sorted { $0.key < $1.key }
    blob.write(numbers.map(\.key))
    blob.write(numbers.map(\.value.count))
    blob.write(numbers.flatMap { [$0.value.mean, $0.value.standardDeviation, $0.value.minimum, $0.value.maximum] })
    let missing = missing.sorted { $0.key < $1.key }
    blob.write(missing.map(\.key))
    blob.write(missing.map(\.value))
    return SavedPartial.magic + [Self.version] + blob.bytes + BlobWriter(checksum: blob.bytes).bytes
  }

  private static let version = UInt8(ascii: "P")

  /// - Throws: `badData` where the bytes are not those of a profile.
  public init(blob bytes: [UInt8]) throws(ImmerseError) {
    let head = SavedPartial.magic + [Self.version]
    guard bytes.count >= head.count + 8, bytes.starts(with: head) else { throw .brokenPartial }
    let payload = Array(bytes[head.count..<bytes.count - 8])
    guard Array(bytes.suffix(8)) == BlobWriter(checksum: payload).bytes else { throw .brokenPartial }
    var blob = BlobReader(payload)
    let rows = try blob.integers()
    guard rows.count == 2 else { throw .brokenPartial }
    var levels: [String: Levels] = [:]
    for name in try blob.strings() {
      levels[name] = Levels(try blob.strings(), isDeclared: try blob.integer(Int.self) == 1)
    }
    let numberNames = try blob.strings()
    let (counts, figures) = (try blob.integers(), try blob.records(of: 4))
    let (missingNames, missing) = (try blob.strings(), try blob.integers())
    guard counts.count == numberNames.count, figures.count == numberNames.count, missing.count == missingNames.count,
      blob.isAtEnd
    else { throw .brokenPartial }
    let numbers = zip(counts, figures).map {
      Numbers(count: $0, mean: $1[0], standardDeviation: $1[1], minimum: $1[2], maximum: $1[3])
    }
    self.init(
      rowCount: rows[0], droppedRowCount: rows[1], levels: levels,
      numbers: Dictionary(zip(numberNames, numbers)) { first, _ in first },
      missing: Dictionary(zip(missingNames, missing)) { first, _ in first })
  }
}

extension BlobWriter {
  fileprivate init(checksum bytes: [UInt8]) {
    self.init()
    write(fnv1a(bytes))
  }
}
