/// Codes into levels; a negative code is a missing value.
public struct Categories: Sendable {
  public let codes: Buffer<Int32>
  public let levels: Levels

  public init(codes: Buffer<Int32>, levels: Levels) {
    self.codes = codes
    self.levels = levels
  }

  /// The level of a row, or nil where it has none.
  public subscript(row: Int) -> String? {
    codes[row] < 0 ? nil : levels[Int(codes[row])]
  }

  /// The same rows coded into `other`; a level that `other` lacks becomes missing. O(rows + levels), or O(levels)
  /// where the levels are already those.
  public func recoded(to other: Levels) -> Categories {
    if levels == other { return Categories(codes: codes, levels: other) }
    let map = levels.names.map { other.code(of: $0) ?? -1 }
    let recoded = Buffer<Int32>(count: codes.count) { target in
      codes.withUnsafeBufferPointer { source in
        for row in 0..<source.count {
          let code = source[row]
          target[row] = code < 0 ? -1 : map[Int(code)]
        }
      }
    }
    return Categories(codes: recoded, levels: other)
  }
}

extension Column {
  /// The values as categories, numbers by the text they would print as.
  ///
  /// A categorical column without a bitmap is shared; otherwise levels are sorted as `Levels.init(sorting:)` does.
  /// O(rows) plus sorting the distinct values.
  public var categories: Categories {
    switch values {
    case .category(let codes, let levels):
      guard let validity else { return Categories(codes: codes, levels: levels) }
      let masked = Buffer<Int32>(count: count) { target in
        for row in 0..<count { target[row] = validity[row] ? codes[row] : -1 }
      }
      return Categories(codes: masked, levels: levels)
    case .text(let text): return coded { text[$0] }
    case .bool(let bits): return coded { bits[$0] ? "true" : "false" }
    case .float64(let b): return coded(distinct: b, missing: { $0.isNaN }, name: NumberText.shortest)
    case .float32(let b): return coded(distinct: b, missing: { $0.isNaN }, name: NumberText.shortest)
    case .int64(let b): return coded(distinct: b) { "\($0)" }
    case .int32(let b): return coded(distinct: b) { "\($0)" }
    case .int16(let b): return coded(distinct: b) { "\($0)" }
    case .int8(let b): return coded(distinct: b) { "\($0)" }
    case .uint64(let b): return coded(distinct: b) { "\($0)" }
    case .uint32(let b): return coded(distinct: b) { "\($0)" }
    case .uint16(let b): return coded(distinct: b) { "\($0)" }
    case .uint8(let b): return coded(distinct: b) { "\($0)" }
    }
  }

  private func coded<T: Hashable & BitwiseCopyable & Sendable>(
    distinct buffer: Buffer<T>, missing: (T) -> Bool = { _ in false }, name: (T) -> String
  ) -> Categories {
    var seen: [T: Int32] = [:]
    var names: [String] = []
    let firstCodes = (0..<count).map { row -> Int32 in
      let value = buffer[row]
      if isMissing(row) || missing(value) { return -1 }
      if let code = seen[value] { return code }
      let code = Int32(names.count)
      seen[value] = code
      names.append(name(value))
      return code
    }
    return sorted(firstCodes, names)
  }

  private func coded(_ name: (Int) -> String) -> Categories {
    var seen: [String: Int32] = [:]
    var names: [String] = []
    let firstCodes = (0..<count).map { row -> Int32 in
      if isMissing(row) { return -1 }
      let text = name(row)
      if let code = seen[text] { return code }
      let code = Int32(names.count)
      seen[text] = code
      names.append(text)
      return code
    }
    return sorted(firstCodes, names)
  }

  private func sorted(_ codes: [Int32], _ names: [String]) -> Categories {
    let levels = Levels(sorting: names)
    let map = names.map { levels.code(of: $0) ?? -1 }
    return Categories(codes: Buffer(codes.map { $0 < 0 ? -1 : map[Int($0)] }), levels: levels)
  }
}
