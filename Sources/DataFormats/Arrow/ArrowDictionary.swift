import Columnar

/// The values into which the codes of an Arrow column point, as levels.
struct ArrowDictionary {
  private let entries: [String?]
  private let levels: Levels
  /// The level of each code, -1 for a missing entry; nil where every entry is a level.
  private let map: [Int32]?

  /// The order of the entries means something where the column says so. O(entries).
  init(_ entries: [String?], isOrdered: Bool) {
    self.entries = entries
    let names = entries.compactMap(\.self)
    levels = Levels(names, isDeclared: isOrdered)
    if names.count == entries.count {
      map = nil
    } else {
      var next: Int32 = -1
      map = entries.map { entry in
        if entry == nil { return -1 }
        next += 1
        return next
      }
    }
  }

  /// The dictionary with the entries of a delta after its own.
  func appending(_ delta: [String?]) -> ArrowDictionary {
    ArrowDictionary(entries + delta, isOrdered: levels.isDeclared)
  }

  /// A categorical column of codes of any integer type. O(rows), without copying where nothing need be changed.
  ///
  /// - Throws: `badData` where a code has no entry.
  func column(of codes: Column.Values, _ validity: Bitmap?) throws(ImmerseError) -> Column {
    let codes =
      switch codes {
      case .int32(let codes): try levelCodes(codes, validity)
      case .int8(let codes): try levelCodes(codes, validity)
      case .int16(let codes): try levelCodes(codes, validity)
      case .int64(let codes): try levelCodes(codes, validity)
      case .uint8(let codes): try levelCodes(codes, validity)
      case .uint16(let codes): try levelCodes(codes, validity)
      case .uint32(let codes): try levelCodes(codes, validity)
      case .uint64(let codes): try levelCodes(codes, validity)
      default: throw ImmerseError.damagedArrow
      }
    return Column(.category(codes, levels))
  }

  private func levelCodes<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ codes: Buffer<T>, _ validity: Bitmap?
  ) throws(ImmerseError) -> Buffer<Int32> {
    let isSound = codes.withUnsafeBufferPointer { codes in
      (0..<codes.count).allSatisfy { validity?[$0] == false || codes[$0] >= 0 && codes[$0] < entries.count }
    }
    guard isSound else { throw .damagedArrow }
    if validity == nil, map == nil, let codes = codes as? Buffer<Int32> { return codes }
    return Buffer(count: codes.count) { target in
      codes.withUnsafeBufferPointer { codes in
        for row in 0..<target.count {
          target[row] = validity?[row] == false ? -1 : map?[Int(codes[row])] ?? Int32(truncatingIfNeeded: codes[row])
        }
      }
    }
  }
}
