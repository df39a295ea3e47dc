import Columnar

/// The values of a page that are not read yet, by the way they are encoded.
enum ParquetValues {
  /// End to end: numbers, texts after their lengths, or bytes of a fixed width.
  case plain(Buffer<UInt8>, position: Int)
  /// Codes into the dictionary.
  case codes(RunDecoder)
  case bits(RunDecoder)
  case deltas(DeltaDecoder)
  /// Texts end to end, their lengths before them.
  case texts(Buffer<UInt8>, position: Int, lengths: DeltaDecoder)
  /// As `texts`, each after so many bytes of the text before it.
  case suffixes(Buffer<UInt8>, position: Int, lengths: DeltaDecoder, prefixes: DeltaDecoder, last: [UInt8])

  /// - Parameter count: The rows of the page.
  /// - Throws: `badData` where the page is damaged or encoded in a way that is not read.
  init(_ bytes: Buffer<UInt8>, encoding: Int, of storage: ParquetStorage, count: Int) throws(ImmerseError) {
    switch (encoding, storage) {
    // Where no row of the page has a value, nothing need be there.
    case _ where bytes.count == 0: self = .plain(bytes, position: 0)
    case (0, .bool): self = .bits(RunDecoder(packedBits: bytes))
    case (0, _): self = .plain(bytes, position: 0)
    case (2, _), (8, _):
      guard bytes.count > 0 else { throw .damagedParquet }
      self = .codes(try RunDecoder(bytes.slice(1..<bytes.count), width: Int(bytes[0])))
    case (3, .bool):
      guard bytes.count >= 4 else { throw .damagedParquet }
      self = .bits(try RunDecoder(bytes.slice(4..<bytes.count), width: 1))
    case (5, .int32), (5, .int64): self = .deltas(try DeltaDecoder(bytes, atMost: count))
    case (6, .bytes):
      let lengths = try DeltaDecoder(bytes, atMost: count)
      self = .texts(bytes, position: try lengths.end(), lengths: lengths)
    case (7, .bytes), (7, .fixedBytes):
      let prefixes = try DeltaDecoder(bytes, atMost: count)
      let suffixes = bytes.slice(try prefixes.end()..<bytes.count)
      let lengths = try DeltaDecoder(suffixes, atMost: count)
      self = .suffixes(suffixes, position: try lengths.end(), lengths: lengths, prefixes: prefixes, last: [])
    case (9, _):
      guard let width = storage.width else { throw .damagedParquet }
      self = .plain(Self.interleaved(bytes, width: width), position: 0)
    default:
      throw ImmerseError(
        .badData, "the column is encoded in a way that is not read (Parquet encoding \(encoding))",
        remedy: "write the file with another encoding")
    }
  }

  /// Brings values together that lie byte by byte in as many streams as a value has bytes (BYTE_STREAM_SPLIT).
  private static func interleaved(_ bytes: Buffer<UInt8>, width: Int) -> Buffer<UInt8> {
    let count = bytes.count / width
    return Buffer(count: count * width) { target in
      bytes.withUnsafeBufferPointer { source in
        for byte in 0..<width {
          for value in 0..<count { target[value * width + byte] = source[byte * count + value] }
        }
      }
    }
  }

  /// The next values of `width` bytes each. O(count).
  ///
  /// - Throws: `badData` where they end before, or lie in another way.
  mutating func numbers<T: ParquetNumber>(
    _ count: Int, _ dictionary: ParquetDictionary?, into target: UnsafeMutablePointer<T>
  ) throws(ImmerseError) {
    if count == 0 { return }
    switch self {
    case .plain(let bytes, let position):
      let size = count * MemoryLayout<T>.size
      guard size <= bytes.count - position else { throw .damagedParquet }
      bytes.withUnsafeBufferPointer { bytes in
        guard let base = bytes.baseAddress else { return }
        UnsafeMutableRawPointer(target).copyMemory(from: base + position, byteCount: size)
      }
      self = .plain(bytes, position: position + size)
    case .codes(var codes):
      guard let values = dictionary?.bytes.values(of: T.self) else { throw .damagedParquet }
      try Self.forEachBlock(count) { (block, start) throws(ImmerseError) in
        try codes.read(block.count, into: block.base)
        try requireCodes(block, below: values.count)
        values.withUnsafeBufferPointer { values in
          for index in 0..<block.count { target[start + index] = values[Int(block.base[index])] }
        }
      }
      self = .codes(codes)
    case .deltas(var deltas):
      var next = target
      try deltas.read(count) { value in
        next.pointee = T(truncating: value)
        next += 1
      }
      self = .deltas(deltas)
    default: throw .damagedParquet
    }
  }

  /// Calls `body` with the next texts, in order. O(bytes).
  ///
  /// - Throws: `badData` where they end before, or lie in another way.
  @inline(__always)
  mutating func texts(
    _ count: Int, of storage: ParquetStorage, _ dictionary: ParquetDictionary?,
    _ body: (UnsafeBufferPointer<UInt8>) -> Void
  ) throws(ImmerseError) {
    if count == 0 { return }
    switch self {
    case .plain(let bytes, var position):
      try bytes.withUnsafeBufferPointer { (bytes) throws(ImmerseError) in
        for _ in 0..<count {
          body(UnsafeBufferPointer(rebasing: bytes[try storage.text(in: bytes, at: &position)]))
        }
      }
      self = .plain(bytes, position: position)
    case .codes(var codes):
      guard let dictionary else { throw .damagedParquet }
      try Self.forEachBlock(count) { (block, _) throws(ImmerseError) in
        try codes.read(block.count, into: block.base)
        try requireCodes(block, below: dictionary.entries.count)
        dictionary.bytes.withUnsafeBufferPointer { bytes in
          dictionary.entries.withUnsafeBufferPointer { entries in
            for index in 0..<block.count {
              body(UnsafeBufferPointer(rebasing: bytes[entries[Int(block.base[index])].range]))
            }
          }
        }
      }
      self = .codes(codes)
    case .texts(let bytes, var position, var lengths):
      try bytes.withUnsafeBufferPointer { (bytes) throws(ImmerseError) in
        for _ in 0..<count {
          let length = try lengths.size(atMost: bytes.count - position)
          body(UnsafeBufferPointer(rebasing: bytes[position..<position + length]))
          position += length
        }
      }
      self = .texts(bytes, position: position, lengths: lengths)
    case .suffixes(let bytes, var position, var lengths, var prefixes, var last):
      self = .plain(bytes, position: 0)
      for _ in 0..<count {
        let shared = try prefixes.size(atMost: last.count)
        let length = try lengths.size(atMost: bytes.count - position)
        last.removeSubrange(shared...)
        bytes.withUnsafeBufferPointer { last.append(contentsOf: $0[position..<position + length]) }
        position += length
        last.withUnsafeBufferPointer(body)
      }
      self = .suffixes(bytes, position: position, lengths: lengths, prefixes: prefixes, last: last)
    default: throw .damagedParquet
    }
  }

  /// Passes over the next values. O(count), for runs of codes less.
  mutating func skip(
    _ count: Int, of storage: ParquetStorage, _ dictionary: ParquetDictionary?
  ) throws(ImmerseError) {
    switch self {
    case .plain(let bytes, let position) where storage.width != nil:
      let size = count * (storage.width ?? 0)
      guard size <= bytes.count - position else { throw .damagedParquet }
      self = .plain(bytes, position: position + size)
    case .codes(var codes):
      try codes.skip(count)
      self = .codes(codes)
    case .bits(var bits):
      try bits.skip(count)
      self = .bits(bits)
    case .deltas(var deltas):
      try deltas.read(count) { _ in }
      self = .deltas(deltas)
    default: try texts(count, of: storage, dictionary) { _ in }
    }
  }

  struct Block {
    let base: UnsafeMutablePointer<Int32>
    let count: Int
  }

  /// Cuts `count` codes into blocks that stay in the cache, and calls `body` with room for each and where it begins.
  @inline(__always)
  static func forEachBlock(
    _ count: Int, _ body: (Block, Int) throws(ImmerseError) -> Void
  ) throws(ImmerseError) {
    let size = 1024
    let room = ColumnMemory<Int32>(count: min(size, count))
    for start in stride(from: 0, to: count, by: size) {
      try body(Block(base: room.base, count: min(size, count - start)), start)
    }
    withExtendedLifetime(room) {}
  }

  func requireCodes(_ block: Block, below count: Int) throws(ImmerseError) {
    var highest: UInt32 = 0
    for index in 0..<block.count { highest = max(highest, UInt32(bitPattern: block.base[index])) }
    guard highest < count else { throw .damagedParquet }
  }
}

/// The values to which the codes of a group of rows point.
struct ParquetDictionary {
  struct Entry {
    let start: Int
    let end: Int

    var range: Range<Int> { start..<end }
  }

  let bytes: Buffer<UInt8>
  /// Where each text lies; empty for numbers.
  let entries: Buffer<Entry>

  /// - Throws: `badData` where the page holds fewer values than it claims.
  init(_ bytes: Buffer<UInt8>, count: Int, of storage: ParquetStorage) throws(ImmerseError) {
    // A text takes a byte at least, if only for its length.
    guard count <= bytes.count else { throw .damagedParquet }
    guard storage.isText else {
      // Numbers are looked up where they stand, and must be aligned for it.
      self.bytes = storage.width == 4 ? bytes.values(of: Int32.self).bytes : bytes.values(of: Int64.self).bytes
      entries = Buffer([])
      return
    }
    self.bytes = bytes
    entries = try Buffer(count: count) { (target) throws(ImmerseError) in
      try bytes.withUnsafeBufferPointer { (bytes) throws(ImmerseError) in
        var position = 0
        for entry in 0..<count {
          let range = try storage.text(in: bytes, at: &position)
          target[entry] = Entry(start: range.lowerBound, end: range.upperBound)
        }
      }
    }
  }
}

extension ParquetStorage {
  /// Whether values are runs of bytes rather than numbers.
  var isText: Bool {
    switch self {
    case .bytes, .fixedBytes, .int96: true
    case .bool, .int32, .int64, .float, .double: false
    }
  }

  /// The bytes of a value, nil where they differ from value to value or are no whole byte.
  var width: Int? {
    switch self {
    case .int32, .float: 4
    case .int64, .double: 8
    case .int96: 12
    case .fixedBytes(let width): width
    case .bool, .bytes: nil
    }
  }

  /// Where the next text lies, and the position after it.
  @inline(__always)
  fileprivate func text(
    in bytes: UnsafeBufferPointer<UInt8>, at position: inout Int
  ) throws(ImmerseError) -> Range<Int> {
    var length = width ?? 0
    if width == nil {
      guard position <= bytes.count - 4, let base = UnsafeRawPointer(bytes.baseAddress) else { throw .damagedParquet }
      length = Int(UInt32(littleEndian: (base + position).loadUnaligned(as: UInt32.self)))
      position += 4
    }
    guard length <= bytes.count - position else { throw .damagedParquet }
    position += length
    return position - length..<position
  }
}

extension DeltaDecoder {
  /// Where the bytes after all numbers begin. O(numbers).
  fileprivate func end() throws(ImmerseError) -> Int {
    var all = self
    try all.read(all.left) { _ in }
    return all.position
  }

  /// The next number, a size of at most `limit`.
  fileprivate mutating func size(atMost limit: Int) throws(ImmerseError) -> Int {
    var size: Int64 = 0
    try read(1) { size = $0 }
    guard size >= 0, size <= limit else { throw .damagedParquet }
    return Int(size)
  }
}

/// Numbers as Parquet stores them.
protocol ParquetNumber: BitwiseCopyable, Sendable {
  /// What stands in a row without a value.
  static var absent: Self { get }
  init(truncating value: Int64)
}

extension Int32: ParquetNumber {
  static var absent: Int32 { 0 }
  init(truncating value: Int64) { self.init(truncatingIfNeeded: value) }
}

extension Int64: ParquetNumber {
  static var absent: Int64 { 0 }
  init(truncating value: Int64) { self = value }
}

extension Float: ParquetNumber {
  static var absent: Float { .nan }
  init(truncating value: Int64) { self.init(value) }
}

extension Double: ParquetNumber {
  static var absent: Double { .nan }
  init(truncating value: Int64) { self.init(value) }
}
