import CReadStat
import Columnar
import Streaming

/// Writes batches as an SPSS or Stata file, through ReadStat.
struct StatWriter: BatchWriter {
  let encoder = BatchCopy()
  private let output: StatOutput
  private let plan: StatPlan

  /// Hands a batch on as it is.
  struct BatchCopy: BatchEncoder {
    func encode(_ batch: Batch) -> Batch { batch }
  }

  /// Writes the dictionary.
  ///
  /// - Throws: `inputOutput` where the file cannot be written, `badData` where ReadStat refuses a variable.
  init(to file: OutputFile, _ plan: StatPlan, _ format: FileFormat) throws(ImmerseError) {
    self.plan = plan
    output = try StatOutput(file)
    try output.begin(plan, format)
  }

  mutating func append(_ batch: Batch) throws(ImmerseError) {
    var columns: [StatCells] = []
    for variable in plan.variables { columns.append(try StatCells(variable, batch)) }
    for row in 0..<batch.rowCount {
      try output.row { (cells: StatOutput) throws(ImmerseError) in
        for (index, column) in columns.enumerated() { try column.write(row, to: cells, index) }
      }
    }
  }

  func finish() throws(ImmerseError) { try output.finish() }
}

/// The cells of one variable in a batch.
private struct StatCells {
  private enum Values {
    case numbers(Buffer<Double>, DataType)
    case text(TextBuffer, Bitmap?)
  }

  private let values: Values
  private let reasons: Categories?
  /// What stands for each level of the reasons.
  private let codes: [VariableMetadata.Code?]

  init(_ variable: StatPlan.Variable, _ batch: Batch) throws(ImmerseError) {
    guard let column = batch[variable.column] else { throw .missingColumn(variable.column, among: batch.names) }
    if variable.isText {
      let text = try column.converted(to: .text, named: variable.column)
      guard case .text(let texts) = text.values else { throw .missingColumn(variable.column, among: batch.names) }
      values = .text(texts, text.validity)
    } else if case .category(let codes, let levels) = column.values, !variable.numberOfLabel.isEmpty {
      let numbers = levels.names.map { variable.numberOfLabel[$0] ?? .nan }
      values = .numbers(Buffer(codes.array.map { $0 < 0 ? .nan : numbers[Int($0)] }), .float64)
    } else {
      values = .numbers(try batch.numbers(variable.column), variable.storage)
    }
    let categories = try variable.reasons.map { name throws(ImmerseError) in try batch.categories(name) }
    reasons = categories
    codes = categories?.levels.names.map { variable.codes[$0] } ?? []
  }

  func write(_ row: Int, to output: StatOutput, _ index: Int) throws(ImmerseError) {
    if let reasons, reasons.codes[row] >= 0, let code = codes[Int(reasons.codes[row])] {
      return try output.insert(code, index)
    }
    switch values {
    case .numbers(let numbers, let storage): try output.insert(numbers[row], storage, index)
    case .text(let texts, let validity):
      if validity?[row] == false { return try output.insertText(UnsafeBufferPointer(start: nil, count: 0), index) }
      let range = Int(texts.offsets[row])..<Int(texts.offsets[row + 1])
      try texts.bytes.withUnsafeBufferPointer { bytes throws(ImmerseError) in
        try output.insertText(UnsafeBufferPointer(rebasing: bytes[range]), index)
      }
    }
  }
}

/// A ReadStat writer with the file it writes to.
///
/// After ReadStat refused anything it is not called again: it would not survive that.
private final class StatOutput {
  private let writer: UnsafeMutablePointer<readstat_writer_t>
  private let file: OutputFile
  private var variables: [UnsafeMutablePointer<readstat_variable_t>] = []
  private var failure: ImmerseError?
  private var scratch: [CChar] = []

  init(_ file: OutputFile) throws(ImmerseError) {
    guard let writer = readstat_writer_init() else { throw .outOfMemory }
    self.writer = writer
    self.file = file
  }

  deinit { readstat_writer_free(writer) }

  private func check(_ status: readstat_error_t, _ variable: String? = nil) throws(ImmerseError) {
    if status == READSTAT_OK { return }
    if let failure { throw failure }
    let reason = readstat_error_message(status).map { String(cString: $0) } ?? "error \(status.rawValue)"
    throw ImmerseError(
      .badData, "cannot be written in this format: \(reason)", place: ImmerseError.Place(file: file.path),
      variable: variable)
  }

  func begin(_ plan: StatPlan, _ format: FileFormat) throws(ImmerseError) {
    try check(
      readstat_set_data_writer(writer) { bytes, count, context in
        guard let context, let bytes else { return count == 0 ? 0 : -1 }
        let output = Unmanaged<StatOutput>.fromOpaque(context).takeUnretainedValue()
        do throws(ImmerseError) {
          try output.file.write(Buffer(UnsafeRawBufferPointer(start: bytes, count: count).map { $0 }))
          return count
        } catch {
          output.failure = error
          return -1
        }
      })
    for (index, variable) in plan.variables.enumerated() { try add(variable, index, isStata: format == .dta) }
    let context = Unmanaged.passUnretained(self).toOpaque()
    if format == .dta {
      try check(readstat_begin_writing_dta(writer, context, plan.rowCount))
    } else {
      try check(
        readstat_writer_set_compression(writer, format == .zsav ? READSTAT_COMPRESS_BINARY : READSTAT_COMPRESS_ROWS))
      try check(readstat_begin_writing_sav(writer, context, plan.rowCount))
    }
    try check(readstat_validate_metadata(writer))
    for (variable, planned) in zip(variables, plan.variables) {
      try check(readstat_validate_variable(writer, variable), planned.column)
    }
  }

  private func add(_ variable: StatPlan.Variable, _ index: Int, isStata: Bool) throws(ImmerseError) {
    let isOwn = isStata && variable.metadata.storage == variable.storage
    let type = variable.isText ? READSTAT_TYPE_STRING : variable.storage.readStat(isStata: isStata, isOwn: isOwn)
    guard let added = readstat_add_variable(writer, variable.name, type, max(1, variable.width)) else {
      throw .outOfMemory
    }
    variables.append(added)
    let metadata = variable.metadata
    if let label = metadata.label { readstat_variable_set_label(added, label) }
    if let format = metadata.format, !variable.isText { readstat_variable_set_format(added, format) }
    switch metadata.measure {
    case .nominal: readstat_variable_set_measure(added, READSTAT_MEASURE_NOMINAL)
    case .ordinal: readstat_variable_set_measure(added, READSTAT_MEASURE_ORDINAL)
    case .scale: readstat_variable_set_measure(added, READSTAT_MEASURE_SCALE)
    case nil: break
    }
    for rule in metadata.missing {
      switch rule {
      case .code(.number(let number)):
        try check(readstat_variable_add_missing_double_value(added, number), variable.column)
      case .code(.text(let text)):
        try check(readstat_variable_add_missing_string_value(added, text), variable.column)
      case .range(let lower, let upper):
        let limit = Double.greatestFiniteMagnitude
        try check(
          readstat_variable_add_missing_double_range(added, max(lower, (-limit).nextUp), min(upper, limit)),
          variable.column)
      case .code(.tag): break
      }
    }
    if metadata.valueLabels.isEmpty { return }
    let setType = variable.isText ? READSTAT_TYPE_STRING : isStata ? READSTAT_TYPE_INT32 : READSTAT_TYPE_DOUBLE
    guard let set = readstat_add_label_set(writer, setType, "labels\(index)") else { throw .outOfMemory }
    for value in metadata.valueLabels {
      switch value.code {
      case .number(let number):
        if isStata {
          readstat_label_int32_value(set, Int32(number), value.label)
        } else {
          readstat_label_double_value(set, number, value.label)
        }
      case .text(let text): readstat_label_string_value(set, text, value.label)
      case .tag(let letter): readstat_label_tagged_value(set, CChar(bitPattern: letter), value.label)
      }
    }
    readstat_variable_set_label_set(added, set)
  }

  func row(_ cells: (StatOutput) throws(ImmerseError) -> Void) throws(ImmerseError) {
    try check(readstat_begin_row(writer))
    try cells(self)
    try check(readstat_end_row(writer))
  }

  func insert(_ value: Double, _ storage: DataType, _ index: Int) throws(ImmerseError) {
    let variable = variables[index]
    if value.isNaN { return try check(readstat_insert_missing_value(writer, variable)) }
    let status =
      switch variable.pointee.type {
      case READSTAT_TYPE_INT8: readstat_insert_int8_value(writer, variable, Int8(value))
      case READSTAT_TYPE_INT16: readstat_insert_int16_value(writer, variable, Int16(value))
      case READSTAT_TYPE_INT32: readstat_insert_int32_value(writer, variable, Int32(value))
      case READSTAT_TYPE_FLOAT: readstat_insert_float_value(writer, variable, Float(value))
      default: readstat_insert_double_value(writer, variable, value)
      }
    try check(status)
  }

  func insert(_ code: VariableMetadata.Code, _ index: Int) throws(ImmerseError) {
    switch code {
    case .number(let number): try insert(number, .float64, index)
    case .tag(let letter):
      try check(readstat_insert_tagged_missing_value(writer, variables[index], CChar(bitPattern: letter)))
    case .text(let text):
      let bytes = Array(text.utf8)
      try bytes.withUnsafeBufferPointer { bytes throws(ImmerseError) in try insertText(bytes, index) }
    }
  }

  func insertText(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) throws(ImmerseError) {
    scratch.removeAll(keepingCapacity: true)
    for byte in text { scratch.append(CChar(bitPattern: byte)) }
    scratch.append(0)
    try check(readstat_insert_string_value(writer, variables[index], scratch))
  }

  func finish() throws(ImmerseError) { try check(readstat_end_writing(writer)) }
}

extension DataType {
  /// The type by which ReadStat stores numbers. Stata's own integers keep their type; others take the next wider, whose
  /// missing values lie beyond them.
  fileprivate func readStat(isStata: Bool, isOwn: Bool) -> readstat_type_t {
    guard isStata else { return READSTAT_TYPE_DOUBLE }
    switch self {
    case .int8 where isOwn: return READSTAT_TYPE_INT8
    case .int16 where isOwn: return READSTAT_TYPE_INT16
    case .int32 where isOwn: return READSTAT_TYPE_INT32
    default: break
    }
    return switch self {
    case .int8, .uint8, .bool: READSTAT_TYPE_INT16
    case .int16, .uint16: READSTAT_TYPE_INT32
    case .float32: READSTAT_TYPE_FLOAT
    default: READSTAT_TYPE_DOUBLE
    }
  }
}
