import Columnar
import Streaming
import Synchronization

/// A value for each column, each made on one of several threads, in the order of the columns.
func mapColumns<Value: Sendable>(
  _ count: Int, _ threads: Int, _ value: @escaping @Sendable (Int) throws(ImmerseError) -> Value
) throws(ImmerseError) -> [Value] {
  let values = Mutex([Value?](repeating: nil, count: count))
  try parallelForEach(count, threads: threads) { (index: Int) throws(ImmerseError) in
    let done = try value(index)
    values.withLock { $0[index] = done }
  }
  return values.withLock { $0.compactMap(\.self) }
}

/// Columns that lie end to end in one allocation, each filled on one of several threads.
///
/// - Parameter fill: initialises all rows of the column of that index.
func makeColumns<Element: BitwiseCopyable & Sendable>(
  _ count: Int, rows: Int, _ threads: Int,
  _ fill: @escaping @Sendable (Int, UnsafeMutableBufferPointer<Element>) throws(ImmerseError) -> Void
) throws(ImmerseError) -> [Buffer<Element>] {
  let all = try Buffer<Element>(count: count * rows) { (target) throws(ImmerseError) in
    nonisolated(unsafe) let target = target
    try parallelForEach(count, threads: threads) { (index: Int) throws(ImmerseError) in
      try fill(index, UnsafeMutableBufferPointer(rebasing: target[index * rows..<(index + 1) * rows]))
    }
  }
  return (0..<count).map { all.slice($0 * rows..<($0 + 1) * rows) }
}
