import CReadStat
import Columnar

/// What the header of a statistical file declares.
final class StatDictionary {
  struct Variable: Sendable {
    var name: String
    var isText: Bool
    /// The bytes of a text, at most.
    var width: Int
    var metadata: VariableMetadata
  }

  private(set) var variables: [Variable] = []
  /// Rows, negative where the format does not say.
  private(set) var rowCount = -1
  private(set) var encoding: String?
  private(set) var isLittleEndian = true
  /// Labels by the name of their set, and the set of each variable.
  private var labelSets: [String: [VariableMetadata.ValueLabel]] = [:]
  private var setOfVariable: [String?] = []

  private static func of(_ context: UnsafeMutableRawPointer?) -> StatDictionary? {
    context.map { Unmanaged<StatDictionary>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Gives the variables their labels, once all is read.
  func finish() {
    for index in variables.indices {
      guard let set = setOfVariable[index], let labels = labelSets[set] else { continue }
      variables[index].metadata.valueLabels = labels.sorted { $0.code < $1.code }
    }
    labelSets = [:]
  }

  static let metadataHandler: readstat_metadata_handler = { metadata, context in
    guard let dictionary = of(context), let metadata else { return 0 }
    dictionary.rowCount = Int(metadata.pointee.row_count)
    dictionary.encoding = metadata.pointee.file_encoding.map { String(cString: $0) }
    dictionary.isLittleEndian = metadata.pointee.endianness != READSTAT_ENDIAN_BIG
    return 0
  }

  static let variableHandler: readstat_variable_handler = { _, variable, labelSet, context in
    guard let dictionary = of(context), let variable else { return 0 }
    dictionary.variables.append(Variable(variable))
    dictionary.setOfVariable.append(labelSet.map { String(cString: $0) })
    return 0
  }

  static let labelHandler: readstat_value_label_handler = { set, value, label, context in
    guard let dictionary = of(context), let set, let label else { return 0 }
    let code: VariableMetadata.Code
    if readstat_value_type_class(value) == READSTAT_TYPE_CLASS_STRING {
      code = .text(readstat_string_value(value).map { String(cString: $0) } ?? "")
    } else if readstat_value_is_tagged_missing(value) != 0 {
      code = .tag(UInt8(bitPattern: readstat_value_tag(value)))
    } else if readstat_value_is_system_missing(value) != 0 {
      return 0
    } else {
      code = .number(readstat_double_value(value))
    }
    dictionary.labelSets[String(cString: set), default: []].append(.init(code, String(cString: label)))
    return 0
  }
}

extension StatDictionary.Variable {
  fileprivate init(_ variable: UnsafeMutablePointer<readstat_variable_t>) {
    func text(_ pointer: UnsafePointer<CChar>?) -> String? {
      pointer.map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
    name = text(readstat_variable_get_name(variable)) ?? ""
    isText = readstat_variable_get_type_class(variable) == READSTAT_TYPE_CLASS_STRING
    width = readstat_variable_get_storage_width(variable)
    let measures: [readstat_measure_t: VariableMetadata.Measure] = [
      READSTAT_MEASURE_NOMINAL: .nominal, READSTAT_MEASURE_ORDINAL: .ordinal, READSTAT_MEASURE_SCALE: .scale,
    ]
    let types: [readstat_type_t: DataType] = [
      READSTAT_TYPE_INT8: .int8, READSTAT_TYPE_INT16: .int16, READSTAT_TYPE_INT32: .int32,
      READSTAT_TYPE_FLOAT: .float32,
    ]
    var missing: [VariableMetadata.MissingRule] = []
    for index in 0..<max(0, readstat_variable_get_missing_ranges_count(variable)) {
      let (low, high) = (
        readstat_variable_get_missing_range_lo(variable, index), readstat_variable_get_missing_range_hi(variable, index)
      )
      if readstat_value_type_class(low) == READSTAT_TYPE_CLASS_STRING {
        if let code = text(readstat_string_value(low)) { missing.append(.code(.text(code))) }
      } else {
        let bounds = (
          StatDictionary.bound(readstat_double_value(low)), StatDictionary.bound(readstat_double_value(high))
        )
        missing.append(bounds.0 == bounds.1 ? .code(.number(bounds.0)) : .range(bounds.0, bounds.1))
      }
    }
    metadata = VariableMetadata(
      label: text(readstat_variable_get_label(variable)), missing: missing,
      measure: measures[readstat_variable_get_measure(variable)],
      format: text(readstat_variable_get_format(variable)), storage: types[readstat_variable_get_type(variable)])
  }
}

extension StatDictionary {
  /// The lowest and the highest number of a file stand for no bound at all.
  fileprivate static func bound(_ value: Double) -> Double {
    value.magnitude >= Double.greatestFiniteMagnitude.nextDown ? (value < 0 ? -.infinity : .infinity) : value
  }
}
