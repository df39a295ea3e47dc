import CReadStat
import Columnar

/// One run of ReadStat over a file in memory.
///
/// Handlers find what they fill behind the context; an error of theirs stops the run.
struct StatParser: ~Copyable {
  private let parser: UnsafeMutablePointer<readstat_parser_t>
  private let format: StatFormat
  private let file: StatBytes

  init(_ bytes: Buffer<UInt8>, _ format: StatFormat, encoding: String?) throws(ImmerseError) {
    guard let parser = readstat_parser_init() else { throw .outOfMemory }
    self.parser = parser
    self.format = format
    file = StatBytes(bytes)
    readstat_set_open_handler(parser) { _, _ in 0 }
    readstat_set_close_handler(parser) { _ in 0 }
    readstat_set_update_handler(parser) { _, _, _, _ in READSTAT_OK }
    readstat_set_seek_handler(parser) { offset, whence, context in
      StatBytes.of(context)?.seek(Int(offset), whence) ?? -1
    }
    readstat_set_read_handler(parser) { target, count, context in
      StatBytes.of(context)?.read(target, count) ?? -1
    }
    readstat_set_io_ctx(parser, Unmanaged.passUnretained(file).toOpaque())
    if let encoding { readstat_set_file_character_encoding(parser, encoding) }
  }

  deinit { readstat_parser_free(parser) }

  /// Lets a dictionary be filled.
  func read(into dictionary: StatDictionary) -> readstat_error_t {
    readstat_set_metadata_handler(parser, StatDictionary.metadataHandler)
    readstat_set_variable_handler(parser, StatDictionary.variableHandler)
    readstat_set_value_label_handler(parser, StatDictionary.labelHandler)
    return format.parse(parser, Unmanaged.passUnretained(dictionary).toOpaque())
  }

  /// Lets the values of some rows be taken.
  func read(_ rows: Range<Int>, into reader: StatRowReader) -> readstat_error_t {
    readstat_set_variable_handler(parser, StatRowReader.variableHandler)
    readstat_set_value_handler(parser, StatRowReader.valueHandler)
    readstat_set_row_offset(parser, rows.lowerBound)
    readstat_set_row_limit(parser, rows.count)
    return format.parse(parser, Unmanaged.passUnretained(reader).toOpaque())
  }

  /// Lets all rows be counted.
  func count(with counter: StatRowCounter) -> readstat_error_t {
    readstat_set_variable_handler(parser, StatRowCounter.variableHandler)
    readstat_set_value_handler(parser, StatRowCounter.valueHandler)
    return format.parse(parser, Unmanaged.passUnretained(counter).toOpaque())
  }
}

/// Bytes in memory, as ReadStat reads a file.
private final class StatBytes {
  private let bytes: Buffer<UInt8>
  private var position = 0

  init(_ bytes: Buffer<UInt8>) { self.bytes = bytes }

  static func of(_ context: UnsafeMutableRawPointer?) -> StatBytes? {
    context.map { Unmanaged<StatBytes>.fromOpaque($0).takeUnretainedValue() }
  }

  func seek(_ offset: Int, _ whence: readstat_io_flags_t) -> readstat_off_t {
    let start =
      switch whence {
      case READSTAT_SEEK_SET: 0
      case READSTAT_SEEK_CUR: position
      default: bytes.count
      }
    let (target, overflows) = start.addingReportingOverflow(offset)
    guard !overflows, target >= 0, target <= bytes.count else { return -1 }
    position = target
    return readstat_off_t(target)
  }

  func read(_ target: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    let count = min(max(count, 0), bytes.count - position)
    bytes.withUnsafeBufferPointer { source in
      if let target, let base = source.baseAddress { target.copyMemory(from: base + position, byteCount: count) }
    }
    position += count
    return count
  }
}

/// Counts rows, for formats that do not say how many there are.
final class StatRowCounter {
  private(set) var count = 0

  fileprivate static func of(_ context: UnsafeMutableRawPointer?) -> StatRowCounter? {
    context.map { Unmanaged<StatRowCounter>.fromOpaque($0).takeUnretainedValue() }
  }

  fileprivate static let variableHandler: readstat_variable_handler = { index, _, _, _ in
    index == 0 ? Int32(READSTAT_HANDLER_OK) : Int32(READSTAT_HANDLER_SKIP_VARIABLE)
  }

  fileprivate static let valueHandler: readstat_value_handler = { _, _, _, context in
    of(context)?.count += 1
    return Int32(READSTAT_HANDLER_OK)
  }
}
