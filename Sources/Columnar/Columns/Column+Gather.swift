extension Column {
  /// The rows at the given positions, in their order; a negative position gives a missing value. O(positions).
  ///
  /// - Precondition: every position is below `count`.
  public func gathering(_ positions: Buffer<Int32>) -> Column {
    let (lowest, highest) = positions.withUnsafeBufferPointer { positions in
      positions.reduce(into: (Int32(0), Int32(-1))) { $0 = (min($0.0, $1), max($0.1, $1)) }
    }
    precondition(Int(highest) < count, "position outside the column")
    let gathered: Values =
      switch values {
      case .float64(let b): .float64(b.gathering(positions, missing: .nan))
      case .float32(let b): .float32(b.gathering(positions, missing: .nan))
      case .int64(let b): .int64(b.gathering(positions, missing: 0))
      case .int32(let b): .int32(b.gathering(positions, missing: 0))
      case .int16(let b): .int16(b.gathering(positions, missing: 0))
      case .int8(let b): .int8(b.gathering(positions, missing: 0))
      case .uint64(let b): .uint64(b.gathering(positions, missing: 0))
      case .uint32(let b): .uint32(b.gathering(positions, missing: 0))
      case .uint16(let b): .uint16(b.gathering(positions, missing: 0))
      case .uint8(let b): .uint8(b.gathering(positions, missing: 0))
      case .bool(let bits):
        .bool(Bitmap(count: positions.count) { positions[$0] >= 0 && bits[Int(positions[$0])] })
      case .text(let text): .text(text.gathering(positions))
      case .category(let codes, let levels): .category(codes.gathering(positions, missing: -1), levels)
      }
    // NaN and negative codes say by themselves that a value is missing; the other types need the bitmap for it.
    let saysMissing = [.float64, .float32, .category].contains(type)
    if validity == nil && (lowest >= 0 || saysMissing) { return Column(gathered) }
    let present = Bitmap(count: positions.count) { positions[$0] >= 0 && !isMissing(Int(positions[$0])) }
    return Column(gathered, validity: present)
  }
}

extension Batch {
  /// The rows at the given positions, in their order. O(positions · columns).
  ///
  /// - Precondition: every position is below `rowCount`.
  public func gathering(_ positions: Buffer<Int32>) -> Batch {
    Batch(
      zip(names, columns).map { ($0, $1.gathering(positions)) }, rowCount: positions.count, firstRow: firstRow)
  }
}

extension Buffer {
  fileprivate func gathering(_ positions: Buffer<Int32>, missing: Element) -> Buffer {
    Buffer(count: positions.count) { target in
      withUnsafeBufferPointer { source in
        positions.withUnsafeBufferPointer { positions in
          for row in 0..<positions.count {
            let position = Int(positions[row])
            target[row] = position < 0 ? missing : source[position]
          }
        }
      }
    }
  }
}

extension TextBuffer {
  fileprivate func gathering(_ positions: Buffer<Int32>) -> TextBuffer {
    var length = 0
    let ends = Buffer<Int32>(count: positions.count + 1) { target in
      target[0] = 0
      for row in 0..<positions.count {
        length += bytes(of: Int(positions[row])).count
        target[row + 1] = Int32(length)
      }
    }
    let gathered = Buffer<UInt8>(count: length) { target in
      bytes.withUnsafeBufferPointer { source in
        for row in 0..<positions.count {
          let range = bytes(of: Int(positions[row]))
          let start = target.index(target.startIndex, offsetBy: Int(ends[row]))
          _ = target[start...].update(fromContentsOf: source[range])
        }
      }
    }
    return TextBuffer(offsets: ends, bytes: gathered)
  }

  /// Where a row's bytes lie; nothing for a negative row.
  private func bytes(of row: Int) -> Range<Int> {
    row < 0 ? 0..<0 : Int(offsets[row])..<Int(offsets[row + 1])
  }
}
