import Columnar

extension Column {
  /// The rows of several columns of one type, end to end; categories get the union of their levels. O(rows), O(1)
  /// for a single column.
  ///
  /// - Precondition: the columns are of that type.
  /// - Throws: `badData` where the texts together take more than 2 GB.
  static func joined(_ columns: [Column], type: DataType) throws(ImmerseError) -> Column {
    guard let first = columns.first else { return try Column([Double]()).converted(to: type, named: "") }
    if columns.count == 1 { return first }
    if case .category = first.values { return joinedCategories(columns.map(\.categories)) }
    let parts = columns.map(\.values)
    let values: Values =
      switch first.values {
      case .float64: .float64(joined(parts) { if case .float64(let part) = $0 { part } else { nil } })
      case .float32: .float32(joined(parts) { if case .float32(let part) = $0 { part } else { nil } })
      case .int64: .int64(joined(parts) { if case .int64(let part) = $0 { part } else { nil } })
      case .int32: .int32(joined(parts) { if case .int32(let part) = $0 { part } else { nil } })
      case .int16: .int16(joined(parts) { if case .int16(let part) = $0 { part } else { nil } })
      case .int8: .int8(joined(parts) { if case .int8(let part) = $0 { part } else { nil } })
      case .uint64: .uint64(joined(parts) { if case .uint64(let part) = $0 { part } else { nil } })
      case .uint32: .uint32(joined(parts) { if case .uint32(let part) = $0 { part } else { nil } })
      case .uint16: .uint16(joined(parts) { if case .uint16(let part) = $0 { part } else { nil } })
      case .uint8: .uint8(joined(parts) { if case .uint8(let part) = $0 { part } else { nil } })
      case .bool: .bool(joined(parts.compactMap { if case .bool(let part) = $0 { part } else { nil } }))
      case .text, .category:
        .text(try joined(parts.compactMap { if case .text(let part) = $0 { part } else { nil } }))
      }
    guard columns.contains(where: { $0.validity != nil }) else { return Column(values) }
    let present = columns.map { $0.validity ?? Bitmap(allSet: $0.count) }
    return Column(values, validity: joined(present))
  }

  private static func joined<T>(_ parts: [Values], _ buffer: (Values) -> Buffer<T>?) -> Buffer<T> {
    let buffers = parts.compactMap(buffer)
    return Buffer(count: buffers.reduce(0) { $0 + $1.count }) { target in
      var position = 0
      for buffer in buffers {
        buffer.withUnsafeBufferPointer { position = target[position...].update(fromContentsOf: $0) }
      }
    }
  }

  private static func joined(_ parts: [Bitmap]) -> Bitmap {
    let memory = ColumnMemory<Bool>(count: parts.reduce(0) { $0 + $1.count })
    var position = 0
    for part in parts {
      for row in 0..<part.count { memory.base[position + row] = part[row] }
      position += part.count
    }
    return Bitmap(count: memory.count) { memory.base[$0] }
  }

  private static func joined(_ parts: [TextBuffer]) throws(ImmerseError) -> TextBuffer {
    var builder = TextBuilder(rows: parts.reduce(0) { $0 + $1.count })
    for part in parts {
      part.forEachText { builder.append($0) }
    }
    return try builder.finish()
  }

  private static func joinedCategories(_ parts: [Categories]) -> Column {
    var names: [String] = []
    var seen: Set<String> = []
    for levels in parts.map(\.levels) {
      names.append(contentsOf: levels.names.filter { seen.insert($0).inserted })
    }
    let levels =
      parts.allSatisfy { $0.levels === parts[0].levels }
      ? parts[0].levels : Levels(names, isDeclared: parts.allSatisfy(\.levels.isDeclared))
    let codes = joined(parts.map { .int32($0.recoded(to: levels).codes) }) { values -> Buffer<Int32>? in
      if case .int32(let part) = values { part } else { nil }
    }
    return Column(.category(codes, levels))
  }
}

extension Bitmap {
  /// O(count).
  init(allSet count: Int) {
    self.init(bytes: Buffer([UInt8](repeating: 0xff, count: (count + 7) / 8)), count: count)
  }
}

extension TextBuffer {
  /// Calls `body` with the bytes of every text, in order.
  @inline(__always)
  func forEachText(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    offsets.withUnsafeBufferPointer { offsets in
      bytes.withUnsafeBufferPointer { bytes in
        for row in 0..<count {
          let start = Int(offsets[row])
          body(UnsafeBufferPointer(rebasing: bytes[start..<Int(offsets[row + 1])]))
        }
      }
    }
  }
}
