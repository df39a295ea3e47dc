extension Column {
  /// The rows of several columns of one type, end to end; categories get the union of their levels. O(rows), O(1)
  /// for a single column.
  ///
  /// - Precondition: the columns are of that type.
  /// - Throws: `badData` where the texts together take more than 2 GB.
  public static func joined(_ columns: [Column], type: DataType) throws(ImmerseError) -> Column {
    guard let first = columns.first else { return Column(Values(empty: type)) }
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
    let present = columns.map { column in column.validity ?? Bitmap(count: column.count) { _ in true } }
    return Column(values, validity: joined(present))
  }

  private static func joined<T>(_ parts: [Values], _ buffer: (Values) -> Buffer<T>?) -> Buffer<T> {
    joined(parts.compactMap(buffer))
  }

  private static func joined<T>(_ parts: [Buffer<T>]) -> Buffer<T> {
    Buffer(count: parts.reduce(0) { $0 + $1.count }) { target in
      var position = 0
      for part in parts {
        part.withUnsafeBufferPointer { position = target[position...].update(fromContentsOf: $0) }
      }
    }
  }

  private static func joined(_ parts: [Bitmap]) -> Bitmap {
    let flags = Buffer<Bool>(count: parts.reduce(0) { $0 + $1.count }) { target in
      var position = 0
      for part in parts {
        for row in 0..<part.count { target[position + row] = part[row] }
        position += part.count
      }
    }
    return Bitmap(count: flags.count) { flags[$0] }
  }

  private static func joined(_ parts: [TextBuffer]) throws(ImmerseError) -> TextBuffer {
    let spans = parts.map { Int($0.offsets[0])..<Int($0.offsets[$0.count]) }
    guard spans.reduce(0, { $0 + $1.count }) <= Int(Int32.max) else {
      throw ImmerseError(.badData, "the rows of a column hold more than 2 GB of text", remedy: "leave the column out")
    }
    let offsets = Buffer<Int32>(count: parts.reduce(1) { $0 + $1.count }) { target in
      target[0] = 0
      var (row, end) = (0, Int32(0))
      for (part, span) in zip(parts, spans) {
        part.offsets.withUnsafeBufferPointer { positions in
          for position in positions.dropFirst() {
            row += 1
            target[row] = end + position - Int32(span.lowerBound)
          }
        }
        end += Int32(span.count)
      }
    }
    return TextBuffer(offsets: offsets, bytes: joined(zip(parts, spans).map { $0.bytes.slice($1) }))
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
    return Column(.category(joined(parts.map { $0.recoded(to: levels).codes }), levels))
  }
}

extension Column.Values {
  /// No rows of a type.
  fileprivate init(empty type: DataType) {
    self =
      switch type {
      case .float64: .float64(Buffer([]))
      case .float32: .float32(Buffer([]))
      case .int64: .int64(Buffer([]))
      case .int32: .int32(Buffer([]))
      case .int16: .int16(Buffer([]))
      case .int8: .int8(Buffer([]))
      case .uint64: .uint64(Buffer([]))
      case .uint32: .uint32(Buffer([]))
      case .uint16: .uint16(Buffer([]))
      case .uint8: .uint8(Buffer([]))
      case .bool: .bool(Bitmap(count: 0) { _ in false })
      case .text: .text(TextBuffer([]))
      case .category: .category(Buffer([]), Levels([]))
      }
  }
}
