/// The type of a column, as the format string of the Arrow C data interface names it.
enum ArrowFormat: Equatable {
  case null, bool
  case int8, int16, int32, int64, uint8, uint16, uint32, uint64
  case float16, float32, float64
  case utf8, largeUtf8, utf8View
  /// A type that columns do not have, such as a list or a decimal; refused when it is asked for.
  case other(String)

  /// Dates, times and durations are the integers they are stored as.
  init(_ format: String) {
    self =
      switch format {
      case "n": .null
      case "b": .bool
      case "c": .int8
      case "s": .int16
      case "i", "tdD", "tts", "ttm": .int32
      case "l", "tdm", "ttu", "ttn": .int64
      case "C": .uint8
      case "S": .uint16
      case "I": .uint32
      case "L": .uint64
      case "e": .float16
      case "f": .float32
      case "g": .float64
      case "u": .utf8
      case "U": .largeUtf8
      case "vu": .utf8View
      case _ where format.hasPrefix("ts") || format.hasPrefix("tD"): .int64
      default: .other(format)
      }
  }

  var type: DataType? {
    switch self {
    case .null, .float64: .float64
    case .bool: .bool
    case .int8: .int8
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .uint8: .uint8
    case .uint16: .uint16
    case .uint32: .uint32
    case .uint64: .uint64
    case .float16, .float32: .float32
    case .utf8, .largeUtf8, .utf8View: .text
    case .other: nil
    }
  }

  var isText: Bool { type == .text }

  var isInteger: Bool {
    switch type {
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: true
    default: false
    }
  }

  /// Buffers an array of the format has at least; views have further ones.
  var bufferCount: Int {
    switch self {
    case .null, .other: 0
    case .utf8, .largeUtf8: 3
    default: 2
    }
  }
}
