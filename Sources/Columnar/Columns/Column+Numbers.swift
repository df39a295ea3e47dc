extension Column {
  /// The values as Float64 with NaN for missing, or nil where the column is not numeric.
  ///
  /// A Float64 column without a bitmap is shared, not copied; every other kind is converted, categories through
  /// their levels where each of these is a number. O(count).
  public var numbers: Buffer<Double>? {
    switch values {
    case .float64(let b): validity == nil ? b : converted(b) { $0 }
    case .float32(let b): converted(b) { Double($0) }
    case .int64(let b): converted(b) { Double($0) }
    case .int32(let b): converted(b) { Double($0) }
    case .int16(let b): converted(b) { Double($0) }
    case .int8(let b): converted(b) { Double($0) }
    case .uint64(let b): converted(b) { Double($0) }
    case .uint32(let b): converted(b) { Double($0) }
    case .uint16(let b): converted(b) { Double($0) }
    case .uint8(let b): converted(b) { Double($0) }
    case .bool(let bits):
      Buffer(count: count) { target in
        for row in 0..<count { target[row] = isMissing(row) ? .nan : bits[row] ? 1 : 0 }
      }
    case .category(let codes, let levels):
      levels.numbers.map { numbers in
        converted(codes) { $0 < 0 ? .nan : numbers[Int($0)] }
      }
    case .text: nil
    }
  }

  /// Whether the bitmap marks the row as missing.
  @inline(__always) func isMissing(_ row: Int) -> Bool {
    if let validity { !validity[row] } else { false }
  }

  private func converted<T>(_ buffer: Buffer<T>, _ convert: (T) -> Double) -> Buffer<Double> {
    Buffer(count: count) { target in
      buffer.withUnsafeBufferPointer { source in
        for row in 0..<count { target[row] = convert(source[row]) }
      }
      validity?.forEachUnset { target[$0] = .nan }
    }
  }
}
