import ImmerseStats

/// The yardstick: Float64 columns summed on two threads. Categories count as 8 bytes a row, as numbers do.
struct Read {
  private let columns: [Buffer<Double>]
  private let rows: Int

  /// Takes the numbers where they lie; codes are widened first.
  init(of requests: [ColumnRequest], from table: Table) throws {
    rows = table.rowCount
    columns = try requests.map { request in
      if request.kind == .category {
        let codes = try table.batch.categories(request.name).codes
        return Buffer(count: codes.count) { target in
          for row in 0..<codes.count { target[row] = Double(codes[row]) }
        }
      }
      return try table.batch.numbers(request.name)
    }
  }

  var bytes: Int { rows * columns.count * 8 }

  func run() throws -> Double {
    let (columns, rows) = (columns, rows)
    let sums = Sums()
    try parallelForEach(2, threads: 2) { half in
      var sum = 0.0
      for column in columns { sum += Self.sum(column.slice(half * rows / 2..<(half + 1) * rows / 2)) }
      sums.values[half] = sum
    }
    return sums.values[0] + sums.values[1]
  }

  /// Four vectors of eight, so that additions do not wait for one another.
  private static func sum(_ column: Buffer<Double>) -> Double {
    column.withUnsafeBufferPointer { values in
      var (a, b, c, d) = (SIMD8<Double>(), SIMD8<Double>(), SIMD8<Double>(), SIMD8<Double>())
      let whole = values.count / 32
      if let base = values.baseAddress {
        base.withMemoryRebound(to: Unaligned.self, capacity: whole * 4) { lanes in
          for block in 0..<whole {
            a += lanes[4 * block].vector
            b += lanes[4 * block + 1].vector
            c += lanes[4 * block + 2].vector
            d += lanes[4 * block + 3].vector
          }
        }
      }
      var rest = 0.0
      for row in whole * 32..<values.count { rest += values[row] }
      return ((a + b) + (c + d)).sum() + rest
    }
  }

  /// Eight doubles that need not lie on a boundary of 64 bytes.
  private struct Unaligned {
    let v0, v1, v2, v3, v4, v5, v6, v7: Double
    @inline(__always) var vector: SIMD8<Double> { SIMD8(v0, v1, v2, v3, v4, v5, v6, v7) }
  }

  /// Each thread writes its own element.
  private final class Sums: @unchecked Sendable {
    var values: UnsafeMutablePointer<Double> = .allocate(capacity: 2)
    deinit { values.deallocate() }
  }
}
