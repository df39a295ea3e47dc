import Columnar
import Streaming

/// The rows of a little-endian SPSS file, laid out so that any chunk can be decoded by itself.
///
/// ReadStat reads the dictionary. The rows are read here, because ReadStat must decode a compressed file from its start to
/// reach a row: the layout is walked once for where the rows begin and, in a compressed file, once more for where each
/// chunk does.
///
/// A row is a run of slots of eight bytes. A number takes one, a text of up to 255 bytes as many as it needs; longer texts
/// are left to ReadStat.
struct SAVRows {
  let rowCount: Int
  private let bytes: Buffer<UInt8>
  private let compression: SAVCompression
  private let slotsPerRow: Int
  /// First slot and number of bytes of each variable, nil for a text that is not read here.
  private let places: [Place?]
  private let encoding: TextEncodingName

  private struct Place {
    var slot: Int
    /// 0 for a number.
    var width: Int
  }

  /// nil where the layout is one that is left to ReadStat.
  ///
  /// - Throws: `badData` where the rows are damaged.
  init?(
    _ file: Buffer<UInt8>, _ variables: [StatDictionary.Variable], encoding: String?
  ) throws(ImmerseError) {
    guard let header = try SAVHeader(file), let encoding = TextEncodingName(encoding) else { return nil }
    var places: [Place?] = []
    var slot = 0
    var record = 0
    for variable in variables {
      guard record < header.widths.count else { return nil }
      let width = header.widths[record]
      guard (width > 0) == variable.isText else { return nil }
      places.append(variable.width > 256 ? nil : Place(slot: slot, width: width))
      // A long text is a row of segments, each a variable of its own in the file.
      let segments = variable.isText && variable.width > 256 ? SAVHeader.segments(of: variable.width) : 1
      for _ in 0..<segments {
        guard record < header.widths.count else { return nil }
        slot += max(1, (header.widths[record] + 7) / 8)
        record += 1
      }
    }
    guard record == header.widths.count, slot == header.slots, slot > 0 else { return nil }
    slotsPerRow = slot
    self.places = places
    self.encoding = encoding
    let body = file.slice(header.end..<file.count)
    switch header.compression {
    case 0:
      bytes = body
      compression = .none
      rowCount = body.count / 8 / slot
    case 1, 2:
      bytes = header.compression == 1 ? body : try SAVBlocks.inflate(file, at: header.end)
      let index = SAVIndex(bytes, slotsPerRow: slot, rowsPerEntry: chunkRows)
      compression = .bytecode(index, bias: header.bias)
      rowCount = index.rowCount
    default: return nil
    }
    if header.rowCount >= 0, header.rowCount != rowCount {
      guard header.rowCount < rowCount else {
        throw ImmerseError(
          .badData, "the SPSS file ends after \(rowCount) of \(header.rowCount) rows", remedy: "copy it again")
      }
      return nil
    }
  }

  func canRead(_ variables: [Int]) -> Bool { variables.allSatisfy { places[$0] != nil } }

  /// The columns of some variables in some rows. O(cells of the rows).
  ///
  /// - Throws: `badData` where the rows are damaged.
  func columns(_ variables: [Int], of rows: Range<Int>) throws(ImmerseError) -> [Column] {
    let sinks = SAVSinks(slots: slotsPerRow, rows: rows.count)
    for variable in variables {
      if let place = places[variable] { sinks.add(slot: place.slot, width: place.width) }
    }
    switch compression {
    case .none: readPlain(rows, into: sinks)
    case .bytecode(let index, let bias):
      guard index.read(rows, of: bytes, bias: bias, into: sinks) else { throw .damagedSAV }
    }
    return try sinks.columns(encoding)
  }

  private func readPlain(_ rows: Range<Int>, into sinks: SAVSinks) {
    bytes.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      for (row, source) in rows.enumerated() {
        let start = UnsafeRawPointer(base) + source * slotsPerRow * 8
        for sink in sinks.used {
          let word = (start + sink.slot * 8).loadUnaligned(as: UInt64.self)
          sink.store(word, row)
        }
      }
    }
  }
}

enum SAVCompression {
  case none
  case bytecode(SAVIndex, bias: Double)
}

extension ImmerseError {
  static let damagedSAV = ImmerseError(
    .badData, "the SPSS file is damaged or incomplete", remedy: "copy it again, or save it anew")
}

/// Where the slots of the wanted variables go, as words of eight bytes.
final class SAVSinks {
  struct Sink {
    var slot: Int
    let words: UnsafeMutablePointer<UInt64>
    /// Words between rows: 1 for a number, the slots of a text.
    let stride: Int

    @inline(__always) func store(_ word: UInt64, _ row: Int) { words[row * stride] = word }
  }

  /// The sink of every slot of a row, -1 where it is not wanted.
  private(set) var ofSlot: [Int32]
  private(set) var used: [Sink] = []
  private var memories: [(memory: ColumnMemory<UInt64>, width: Int)] = []
  private let rows: Int

  init(slots: Int, rows: Int) {
    ofSlot = Array(repeating: -1, count: slots)
    self.rows = rows
  }

  func add(slot: Int, width: Int) {
    let count = max(1, (width + 7) / 8)
    let memory = ColumnMemory<UInt64>(count: rows * count)
    memories.append((memory, width))
    for offset in 0..<count {
      ofSlot[slot + offset] = Int32(used.count)
      used.append(Sink(slot: slot + offset, words: memory.base + offset, stride: count))
    }
  }

  /// What SPSS writes for a number without a value.
  static let systemMissing = (-Double.greatestFiniteMagnitude).bitPattern

  func columns(_ encoding: TextEncodingName) throws(ImmerseError) -> [Column] {
    var decoder = try TextDecoder(encoding)
    var columns: [Column] = []
    for (memory, width) in memories {
      if width == 0 {
        for row in 0..<rows where memory.base[row] == Self.systemMissing { memory.base[row] = Double.nan.bitPattern }
        columns.append(Column(.float64(memory.buffer.bytes.values(of: Double.self))))
        continue
      }
      var builder = TextBuilder(rows: rows)
      let stride = (width + 7) / 8
      for row in 0..<rows {
        let start = UnsafeRawPointer(memory.base + row * stride).assumingMemoryBound(to: UInt8.self)
        decoder.append(UnsafeBufferPointer(start: start, count: width), to: &builder)
      }
      columns.append(Column(emptyIsMissing: try builder.finish()))
    }
    return columns
  }
}
