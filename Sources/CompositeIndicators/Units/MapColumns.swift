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
