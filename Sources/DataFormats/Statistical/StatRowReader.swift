import CReadStat
import Columnar

/// Takes the values of some variables in some rows as ReadStat hands them over, cell by cell.
final class StatRowReader {
  private enum Target {
    case numbers(ColumnMemory<Double>)
    /// Position among `texts`.
    case text(Int)
  }

  /// The target of each variable of the file, nil where it is not read.
  private let targets: [Target?]
  private let order: [Int]
  private var texts: [TextBuilder]
  /// The texts appended so far, for each builder.
  private var textRows: [Int]
  private let rowCount: Int
  private(set) var rowsRead = 0

  /// - Precondition: no variable is named twice.
  init(_ variables: [Int], of dictionary: [StatDictionary.Variable], rows: Int) {
    var targets = [Target?](repeating: nil, count: dictionary.count)
    var texts: [TextBuilder] = []
    for index in variables {
      if dictionary[index].isText {
        targets[index] = .text(texts.count)
        texts.append(TextBuilder(rows: rows))
      } else {
        let memory = ColumnMemory<Double>(count: rows)
        memory.base.update(repeating: .nan, count: rows)
        targets[index] = .numbers(memory)
      }
    }
    self.targets = targets
    self.texts = texts
    order = variables
    textRows = Array(repeating: 0, count: texts.count)
    rowCount = rows
  }

  private static func of(_ context: UnsafeMutableRawPointer?) -> StatRowReader? {
    context.map { Unmanaged<StatRowReader>.fromOpaque($0).takeUnretainedValue() }
  }

  static let variableHandler: readstat_variable_handler = { index, _, _, context in
    guard let reader = of(context), reader.targets.indices.contains(Int(index)), reader.targets[Int(index)] != nil
    else { return Int32(READSTAT_HANDLER_SKIP_VARIABLE) }
    return Int32(READSTAT_HANDLER_OK)
  }

  static let valueHandler: readstat_value_handler = { row, variable, value, context in
    guard let reader = of(context), let variable else { return Int32(READSTAT_HANDLER_ABORT) }
    let isTaken = reader.take(Int(row), Int(readstat_variable_get_index(variable)), value)
    return Int32(isTaken ? READSTAT_HANDLER_OK : READSTAT_HANDLER_ABORT)
  }

  /// False where the file hands over more than it declared.
  private func take(_ row: Int, _ variable: Int, _ value: readstat_value_t) -> Bool {
    guard row >= 0, row < rowCount, targets.indices.contains(variable), let target = targets[variable] else {
      return false
    }
    rowsRead = row + 1
    switch target {
    case .numbers(let memory):
      if readstat_value_is_tagged_missing(value) != 0 {
        memory.base[row] = .missing(tag: UInt8(bitPattern: readstat_value_tag(value)))
      } else if readstat_value_is_system_missing(value) == 0 {
        memory.base[row] = Self.number(value)
      }
    case .text(let index):
      guard textRows[index] <= row else { return false }
      while textRows[index] < row { appendEmpty(index) }
      if let text = readstat_string_value(value) {
        let bytes = UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self)
        var count = 0
        while bytes[count] != 0 { count += 1 }
        texts[index].append(trimmedAndSound: UnsafeBufferPointer(start: bytes, count: count))
      } else {
        texts[index].appendEmpty()
      }
      textRows[index] += 1
    }
    return true
  }

  private static func number(_ value: readstat_value_t) -> Double {
    switch value.type {
    case READSTAT_TYPE_FLOAT: Double(value.v.float_value)
    case READSTAT_TYPE_INT32: Double(value.v.i32_value)
    case READSTAT_TYPE_INT16: Double(value.v.i16_value)
    case READSTAT_TYPE_INT8: Double(value.v.i8_value)
    default: value.v.double_value
    }
  }

  private func appendEmpty(_ index: Int) {
    texts[index].appendEmpty()
    textRows[index] += 1
  }

  /// The columns, in the order in which they were asked for. An empty text is a missing one.
  func finish() throws(ImmerseError) -> [Column] {
    var columns: [Column] = []
    for variable in order {
      switch targets[variable] {
      case .numbers(let memory): columns.append(Column(.float64(memory.buffer)))
      case .text(let index):
        while textRows[index] < rowCount { appendEmpty(index) }
        columns.append(Column(emptyIsMissing: try texts[index].finish()))
      case nil: break
      }
    }
    return columns
  }
}

extension Column {
  /// Texts of which the empty ones are missing, as in files that fill texts up with spaces.
  init(emptyIsMissing texts: TextBuffer) {
    let validity = texts.offsets.withUnsafeBufferPointer { offsets in
      Bitmap(validity: texts.count) { offsets[$0] < offsets[$0 + 1] }
    }
    self.init(.text(texts), validity: validity)
  }
}

extension TextBuilder {
  /// Appends a text without the spaces that fill it up; bytes that are no UTF-8 become the replacement character.
  mutating func append(trimmedAndSound text: UnsafeBufferPointer<UInt8>) {
    var count = text.count
    while count > 0, text[count - 1] == UInt8(ascii: " ") { count -= 1 }
    let trimmed = UnsafeBufferPointer(rebasing: text[..<count])
    if trimmed.allSatisfy({ $0 < 0x80 }) {
      append(trimmed)
    } else {
      append(String(decoding: trimmed, as: UTF8.self))
    }
  }
}
