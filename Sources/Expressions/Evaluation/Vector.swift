import Columnar

/// A number for each row of a batch, or one for all of them.
enum Vector {
  case constant(Double)
  case rows(Buffer<Double>)

  func buffer(count: Int) -> Buffer<Double> {
    switch self {
    case .constant(let value): Buffer(count: count) { $0.initialize(repeating: value) }
    case .rows(let buffer): buffer
    }
  }

  @inline(__always)
  func mapped(_ transform: (Double) -> Double) -> Vector {
    switch self {
    case .constant(let value): .constant(transform(value))
    case .rows(let buffer): .rows(buffer.mapped(transform))
    }
  }

  /// One code for each row from two numbers.
  @inline(__always)
  func codes(with other: Vector, count: Int, _ code: (Double, Double) -> UInt8) -> Buffer<UInt8> {
    switch (self, other) {
    case (.rows(let a), .rows(let b)): a.combined(with: b, code)
    case (.rows(let a), .constant(let b)): a.mapped { code($0, b) }
    case (.constant(let a), .rows(let b)): b.mapped { code(a, $0) }
    case (.constant(let a), .constant(let b)):
      Buffer(count: count) { $0.initialize(repeating: code(a, b)) }
    }
  }

  /// Changes numbers in place by those of the vector.
  @inline(__always)
  func update(_ target: UnsafeMutableBufferPointer<Double>, _ change: (Double, Double) -> Double) {
    switch self {
    case .constant(let value):
      for row in 0..<target.count { target[row] = change(target[row], value) }
    case .rows(let buffer):
      buffer.withUnsafeBufferPointer { source in
        for row in 0..<target.count { target[row] = change(target[row], source[row]) }
      }
    }
  }
}

extension Buffer {
  @inline(__always)
  func mapped<Result>(_ transform: (Element) -> Result) -> Buffer<Result> {
    Buffer<Result>(count: count) { target in
      withUnsafeBufferPointer { source in
        for row in 0..<source.count { target[row] = transform(source[row]) }
      }
    }
  }

  /// - Precondition: the buffers have one length.
  @inline(__always)
  func combined<Other, Result>(
    with other: Buffer<Other>, _ combine: (Element, Other) -> Result
  ) -> Buffer<Result> {
    Buffer<Result>(count: count) { target in
      withUnsafeBufferPointer { a in
        other.withUnsafeBufferPointer { b in
          for row in 0..<a.count { target[row] = combine(a[row], b[row]) }
        }
      }
    }
  }
}
