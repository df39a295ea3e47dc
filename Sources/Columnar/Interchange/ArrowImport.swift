public import CImmerse
import Synchronization

/// A record batch that another library handed over through the Arrow C data interface.
///
/// Buffers are used where they lie; the batch is released when the last column that shares them is gone. Lengths,
/// offsets, text and codes are checked when a column is read. That its pointers point to as much memory as they should
/// cannot be checked: a producer has to be trusted to that extent.
public struct ArrowRecords: Sendable {
  public let rowCount: Int
  private let fields: [ArrowFieldDescription]
  private let owner: OwnedArray

  /// Takes the array over; its `release` is NULL afterwards, also where this throws.
  ///
  /// - Throws: `badData` where the array is not that of a table with these columns.
  public init(
    moving array: UnsafeMutablePointer<ArrowArray>, fields: [ArrowFieldDescription]
  ) throws(ImmerseError) {
    owner = OwnedArray(moving: array)
    self.fields = fields
    let top = owner.array
    guard top.length >= 0, top.offset >= 0, top.length <= Int64(Int32.max), top.offset <= Int64.max - top.length,
      top.n_children == Int64(fields.count), fields.isEmpty || top.children != nil, top.dictionary == nil
    else { throw .brokenArrow }
    // A row of the table itself cannot be missing.
    if top.null_count > 0 { throw .brokenArrow }
    rowCount = Int(top.length)
  }

  /// Some rows of a column by its position, without copying where the layouts agree. O(rows), and once O(entries) for a
  /// dictionary.
  ///
  /// - Precondition: the rows are rows of the batch.
  /// - Throws: `badData` where the column's type is not read or its array is broken.
  public func column(at index: Int, rows: Range<Int>) throws(ImmerseError) -> Column {
    let field = fields[index]
    _ = try field.type()
    guard let child = owner.array.children[index] else { throw .brokenArrow }
    do {
      let array = try ArrayReader(
        child.pointee, field.format, rows: rows.count, start: Int(owner.array.offset) + rows.lowerBound, owner: owner)
      guard let values = field.dictionary else { return try array.column() }
      return try array.column(codedBy: try dictionary(of: index, child.pointee, values, field.isOrdered))
    } catch {
      var named = error
      named.variable = named.variable ?? field.name
      throw named
    }
  }

  private func dictionary(
    of index: Int, _ array: ArrowArray, _ format: ArrowFormat, _ isOrdered: Bool
  ) throws(ImmerseError) -> Dictionary {
    if let known = owner.dictionaries.withLock({ $0[index] }) { return known }
    guard let entries = array.dictionary?.pointee, entries.length >= 0, entries.length <= Int64(Int32.max) else {
      throw .brokenArrow
    }
    let reader = try ArrayReader(entries, format, rows: Int(entries.length), start: 0, owner: owner)
    let dictionary = try Dictionary(try reader.column(), isOrdered: isOrdered)
    owner.dictionaries.withLock { $0[index] = dictionary }
    return dictionary
  }

  /// What the codes of a column stand for.
  fileprivate struct Dictionary: Sendable {
    let levels: Levels
    /// The level of each entry: entries that are missing or stand twice lose their place.
    let map: [Int32]
    var isIdentity: Bool { levels.count == map.count }

    init(_ entries: Column, isOrdered: Bool) throws(ImmerseError) {
      guard case .text(let texts) = entries.values else { throw .brokenArrow }
      var seen: [String: Int32] = [:]
      var distinct: [String] = []
      map = (0..<entries.count).map { entry in
        if entries.isMissing(entry) { return -1 }
        let name = texts[entry]
        if let code = seen[name] { return code }
        let code = Int32(distinct.count)
        seen[name] = code
        distinct.append(name)
        return code
      }
      levels = Levels(distinct, isDeclared: isOrdered)
    }
  }
}

/// An array that was moved here, released with its last user.
private final class OwnedArray: @unchecked Sendable {
  private(set) var array: ArrowArray
  /// By column, once they have been read.
  let dictionaries = Mutex<[Int: ArrowRecords.Dictionary]>([:])

  init(moving source: UnsafeMutablePointer<ArrowArray>) {
    array = source.pointee
    source.pointee.release = nil
  }

  deinit { array.release?(&array) }
}

/// Reads one array of a record batch, checking what can be checked.
private struct ArrayReader {
  private let array: ArrowArray
  private let format: ArrowFormat
  private let rows: Int
  /// The position of the first row in the buffers.
  private let start: Int
  private let owner: OwnedArray

  init(_ array: ArrowArray, _ format: ArrowFormat, rows: Int, start: Int, owner: OwnedArray) throws(ImmerseError) {
    guard array.length >= 0, array.offset >= 0, array.null_count >= -1, array.null_count <= array.length,
      array.n_children == 0, array.n_buffers >= Int64(format.bufferCount),
      format.bufferCount == 0 || array.buffers != nil
    else { throw .brokenArrow }
    let (first, overflows) = Int(array.offset).addingReportingOverflow(start)
    // The columns of a sliced table may be longer than the table.
    guard !overflows, start <= Int(array.length), rows <= Int(array.length) - start, first <= Int.max / 16 - rows else {
      throw .brokenArrow
    }
    self.array = array
    self.format = format
    self.rows = rows
    self.start = first
    self.owner = owner
  }

  func column() throws(ImmerseError) -> Column {
    let validity = try validity()
    switch format {
    case .null: return Column([Double](repeating: .nan, count: rows))
    case .utf8: return Column(.text(try text(Int32.self)), validity: validity)
    case .largeUtf8: return Column(.text(try text(Int64.self)), validity: validity)
    case .utf8View: return Column(.text(try viewedText(validity)), validity: validity)
    default: return Column(try fixedWidth(), validity: validity)
    }
  }

  /// The column whose codes point to the entries of a dictionary. O(rows).
  func column(codedBy dictionary: ArrowRecords.Dictionary) throws(ImmerseError) -> Column {
    let (levels, map) = (dictionary.levels, dictionary.map)
    let validity = try validity()
    func coded<T: FixedWidthInteger & BitwiseCopyable & Sendable>(_ codes: Buffer<T>) throws(ImmerseError) -> Column {
      let isSound = codes.withUnsafeBufferPointer { codes in
        (0..<codes.count).allSatisfy { validity?[$0] == false || codes[$0] >= 0 && codes[$0] < map.count }
      }
      guard isSound else { throw .brokenArrow }
      if validity == nil, dictionary.isIdentity, let codes = codes as? Buffer<Int32> {
        return Column(.category(codes, levels))
      }
      let mapped = Buffer<Int32>(count: codes.count) { target in
        codes.withUnsafeBufferPointer { codes in
          for row in 0..<target.count { target[row] = validity?[row] == false ? -1 : map[Int(codes[row])] }
        }
      }
      return Column(.category(mapped, levels))
    }
    switch try fixedWidth() {
    case .int8(let codes): return try coded(codes)
    case .int16(let codes): return try coded(codes)
    case .int32(let codes): return try coded(codes)
    case .int64(let codes): return try coded(codes)
    case .uint8(let codes): return try coded(codes)
    case .uint16(let codes): return try coded(codes)
    case .uint32(let codes): return try coded(codes)
    case .uint64(let codes): return try coded(codes)
    default: throw .brokenArrow
    }
  }

  private func validity() throws(ImmerseError) -> Bitmap? {
    guard array.null_count != 0, format.bufferCount > 0, rows > 0, let bytes = array.buffers[0] else {
      // Missing values need a bitmap to say where they are.
      if array.null_count > 0, format != .null { throw .brokenArrow }
      return nil
    }
    let length = (start + rows + 7) / 8
    let buffer = Buffer(owner: owner, base: bytes.assumingMemoryBound(to: UInt8.self), count: length)
    let bits = Bitmap(bytes: buffer, offset: start, count: rows)
    return bits.unsetCount == 0 ? nil : bits
  }

  private func fixedWidth() throws(ImmerseError) -> Column.Values {
    switch format {
    case .bool:
      if rows == 0 { return .bool(Bitmap(count: 0) { _ in false }) }
      let bytes: Buffer<UInt8> = try buffer(1, from: 0, count: (start + rows + 7) / 8)
      return .bool(Bitmap(bytes: bytes, offset: start, count: rows))
    case .int8: return .int8(try buffer(1, from: start, count: rows))
    case .int16: return .int16(try buffer(1, from: start, count: rows))
    case .int32: return .int32(try buffer(1, from: start, count: rows))
    case .int64: return .int64(try buffer(1, from: start, count: rows))
    case .uint8: return .uint8(try buffer(1, from: start, count: rows))
    case .uint16: return .uint16(try buffer(1, from: start, count: rows))
    case .uint32: return .uint32(try buffer(1, from: start, count: rows))
    case .uint64: return .uint64(try buffer(1, from: start, count: rows))
    case .float32: return .float32(try buffer(1, from: start, count: rows))
    case .float64: return .float64(try buffer(1, from: start, count: rows))
    case .float16:
      let halves: Buffer<UInt16> = try buffer(1, from: start, count: rows)
      return .float32(Buffer(halves.array.map { Float(Float16(bitPattern: $0)) }))
    case .null, .utf8, .largeUtf8, .utf8View, .other: throw .brokenArrow
    }
  }

  /// Elements of one buffer; copied where they are not aligned as their type needs.
  private func buffer<T: BitwiseCopyable & Sendable>(
    _ index: Int, from start: Int, count: Int
  ) throws(ImmerseError) -> Buffer<T> {
    if count == 0 { return Buffer([]) }
    guard let bytes = array.buffers[index] else { throw .brokenArrow }
    let size = MemoryLayout<T>.stride
    return Buffer<UInt8>(
      owner: owner, base: (bytes + start * size).assumingMemoryBound(to: UInt8.self), count: count * size
    ).values(of: T.self)
  }

  /// Text whose positions ascend, and which is UTF-8 without a character cut in two.
  private func text<Offset: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ type: Offset.Type
  ) throws(ImmerseError) -> TextBuffer {
    if rows == 0 { return TextBuffer([]) }
    let offsets: Buffer<Offset> = try buffer(1, from: start, count: rows + 1)
    let ascends = offsets.withUnsafeBufferPointer { offsets in
      offsets[0] >= 0 && (0..<rows).allSatisfy { offsets[$0] <= offsets[$0 + 1] }
    }
    guard ascends else { throw .brokenArrow }
    let (first, end) = (Int(offsets[0]), Int(offsets[rows]))
    guard end - first <= Int(Int32.max) else {
      throw ImmerseError(
        .badData, "\(rows) rows hold more than 2 GB of text", remedy: "hand them over in several parts")
    }
    let bytes: Buffer<UInt8> = try buffer(2, from: first, count: end - first)
    let positions = Buffer<Int32>(count: rows + 1) { target in
      offsets.withUnsafeBufferPointer { offsets in
        for row in 0...rows { target[row] = Int32(Int(offsets[row]) - first) }
      }
    }
    try bytes.requireUTF8(cutAt: positions)
    return TextBuffer(offsets: positions, bytes: bytes)
  }

  /// Views of 16 bytes: a length, and then the text where it has at most twelve bytes, else its first four bytes, the
  /// number of a further buffer and the position there. The last buffer holds the lengths of the further ones.
  private func viewedText(_ validity: Bitmap?) throws(ImmerseError) -> TextBuffer {
    if rows == 0 { return TextBuffer([]) }
    let further = Int(array.n_buffers) - 3
    guard further >= 0 else { throw .brokenArrow }
    let lengths: Buffer<Int64> = try buffer(2 + further, from: 0, count: further)
    let views: Buffer<UInt8> = try buffer(1, from: start * 16, count: rows * 16)
    func integer(_ position: Int) -> Int {
      views.withUnsafeBufferPointer {
        Int(UnsafeRawPointer($0.baseAddress)?.loadUnaligned(fromByteOffset: position, as: Int32.self) ?? 0)
      }
    }
    var positions: [Int32] = [0]
    var bytes: [UInt8] = []
    positions.reserveCapacity(rows + 1)
    for row in 0..<rows {
      if validity?[row] != false {
        let length = integer(16 * row)
        guard length >= 0, bytes.count + length <= Int(Int32.max) else { throw .brokenArrow }
        if length <= 12 {
          views.withUnsafeBufferPointer { bytes.append(contentsOf: $0[(16 * row + 4)..<(16 * row + 4 + length)]) }
        } else {
          let (number, position) = (integer(16 * row + 8), integer(16 * row + 12))
          guard number >= 0, number < further, position >= 0, position <= Int(lengths[number]) - length else {
            throw .brokenArrow
          }
          let source: Buffer<UInt8> = try buffer(2 + number, from: position, count: length)
          source.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
        }
      }
      positions.append(Int32(bytes.count))
    }
    let text = TextBuffer(offsets: Buffer(positions), bytes: Buffer(bytes))
    try text.bytes.requireUTF8(cutAt: text.offsets)
    return text
  }
}

extension Buffer<UInt8> {
  /// - Throws: `badData` where the bytes, or the parts into which the positions cut them, are not UTF-8.
  fileprivate func requireUTF8(cutAt positions: Buffer<Int32>) throws(ImmerseError) {
    guard let text = try? UTF8Span(validating: span) else { throw .brokenArrow }
    if text.isKnownASCII { return }
    for row in 0..<positions.count {
      let cut = Int(positions[row])
      if cut < count, self[cut] & 0xc0 == 0x80 { throw .brokenArrow }
    }
  }
}
