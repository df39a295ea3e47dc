import Columnar

/// The codes by which one variable says that a value is missing, laid out for reading columns.
struct MissingCodesTable {
  private let metadata: VariableMetadata
  /// Bounds of the numbers that are missing; a code is a range of its own.
  private let ranges: [(lower: Double, upper: Double)]

  init(_ metadata: VariableMetadata) {
    self.metadata = metadata
    ranges = metadata.missing.compactMap { rule in
      switch rule {
      case .code(.number(let number)): (number, number)
      case .range(let lower, let upper): (lower, upper)
      case .code: nil
      }
    }
  }

  var isEmpty: Bool { metadata.missing.isEmpty }

  private func contains(_ value: Double) -> Bool {
    ranges.contains { $0.lower <= value && value <= $0.upper }
  }

  /// Whether a level is one of the codes: as a number where it reads as one, else as text.
  private func code(_ level: String) -> VariableMetadata.Code? {
    if let number = NumberText.number(level), contains(number) { return .number(number) }
    return metadata.isMissing(.text(level)) ? .text(level) : nil
  }

  /// The column with its codes made missing. O(rows x codes).
  func masked(_ column: Column) -> Column {
    switch column.values {
    case .category(let codes, let levels):
      let isMissing = levels.names.map { code($0) != nil }
      guard isMissing.contains(true) else { return column }
      let masked = Buffer<Int32>(count: codes.count) { target in
        codes.withUnsafeBufferPointer { codes in
          for row in 0..<codes.count { target[row] = codes[row] < 0 || isMissing[Int(codes[row])] ? -1 : codes[row] }
        }
      }
      return Column(.category(masked, levels), validity: column.validity)
    case .text(let texts):
      let validity = Bitmap(validity: column.count) { column.validity?[$0] != false && code(texts[$0]) == nil }
      return Column(column.values, validity: validity)
    case .float64(let buffer):
      let masked = Buffer<Double>(count: buffer.count) { target in
        buffer.withUnsafeBufferPointer { values in
          _ = target.update(fromContentsOf: values)
          for range in ranges {
            for row in 0..<values.count where range.lower <= values[row] && values[row] <= range.upper {
              target[row] = .nan
            }
          }
        }
      }
      return Column(.float64(masked), validity: column.validity)
    default:
      guard let numbers = column.numbers else { return column }
      let validity = numbers.withUnsafeBufferPointer { values in
        Bitmap(validity: values.count) { !values[$0].isNaN && !contains(values[$0]) }
      }
      return Column(column.values, validity: validity)
    }
  }

  /// For each row the code that made it missing, in the order of codes; `name` may give a code another name. O(rows).
  func reasons(in column: Column, _ name: (VariableMetadata.Code) -> String?) -> Column {
    var levels = ReasonLevels()
    let codes: [Int32]
    switch column.values {
    case .float64(let buffer):
      codes = buffer.withUnsafeBufferPointer { values in
        values.map { value in
          if value.isNaN { return value.missingTag.map { levels.position(of: .tag($0)) } ?? -1 }
          return contains(value) ? levels.position(of: .number(value)) : -1
        }
      }
    default:
      let categories = column.categories
      let map = categories.levels.names.map { level in code(level).map { levels.position(of: $0) } ?? -1 }
      codes = categories.codes.array.map { $0 < 0 ? -1 : map[Int($0)] }
    }
    let order = levels.codes.indices.sorted { levels.codes[$0] < levels.codes[$1] }
    var place = [Int32](repeating: 0, count: order.count)
    for (position, index) in order.enumerated() { place[index] = Int32(position) }
    let names = order.map { name(levels.codes[$0]) ?? levels.codes[$0].description }
    return Column(.category(Buffer(codes.map { $0 < 0 ? -1 : place[Int($0)] }), Levels(names)))
  }

  /// The labels of the codes in their place; a code without one keeps its own name. O(rows).
  func labelled(_ column: Column, by metadata: VariableMetadata) -> Column {
    let masked = isEmpty ? column : masked(column)
    let categories = masked.categories
    let declared = metadata.answerLabels.sorted { $0.code < $1.code }
    let present = categories.levels.names
    var order = declared.map { (code: $0.code, name: $0.label) }
    for level in present {
      let code = VariableMetadata.Code(level, isText: !column.type.isNumeric)
      if metadata.label(of: code) == nil { order.append((code, level)) }
    }
    order.sort { $0.code < $1.code }
    var names: [String] = []
    var position: [String: Int32] = [:]
    var ofCode: [VariableMetadata.Code: Int32] = [:]
    for entry in order {
      // Two codes with one label are one level.
      let index = position[entry.name] ?? Int32(names.count)
      if Int(index) == names.count { names.append(entry.name) }
      position[entry.name] = index
      ofCode[entry.code] = index
    }
    let map = present.map { ofCode[VariableMetadata.Code($0, isText: !column.type.isNumeric)] ?? -1 }
    let codes = Buffer<Int32>(count: column.count) { target in
      for row in 0..<target.count {
        let code = categories.codes[row]
        target[row] = code < 0 ? -1 : map[Int(code)]
      }
    }
    return Column(.category(codes, Levels(names, isDeclared: true)))
  }
}

/// Distinct codes in the order of their first appearance.
private struct ReasonLevels {
  private(set) var codes: [VariableMetadata.Code] = []
  private var positions: [VariableMetadata.Code: Int32] = [:]
  private var last: (code: VariableMetadata.Code, position: Int32)?

  mutating func position(of code: VariableMetadata.Code) -> Int32 {
    if let last, last.code == code { return last.position }
    let position = positions[code] ?? Int32(codes.count)
    if Int(position) == codes.count {
      codes.append(code)
      positions[code] = position
    }
    last = (code, position)
    return position
  }
}
