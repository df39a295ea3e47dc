public import Columnar
import Synchronization

/// Takes batches in order and turns them into a file or a stream.
///
/// Encoding is separate from appending, because encoding is the costly part and runs on all threads.
public protocol BatchWriter {
  associatedtype Encoded: Sendable
  associatedtype Encoder: BatchEncoder where Encoder.Encoded == Encoded

  /// What encodes a batch without touching the output.
  var encoder: Encoder { get }

  /// - Throws: `inputOutput` where the output cannot be written.
  mutating func append(_ encoded: Encoded) throws(ImmerseError)
}

public protocol BatchEncoder: Sendable {
  associatedtype Encoded: Sendable

  func encode(_ batch: Batch) throws(ImmerseError) -> Encoded
}

extension Source {
  /// Writes the requested columns of every row, in order, holding only a few chunks at a time.
  ///
  /// - Throws: what the source or the writer throws, or `cancelled`.
  public func export<Writer: BatchWriter>(
    _ columns: [ColumnRequest], to writer: inout Writer, with engine: Engine
  ) throws(ImmerseError) {
    let encoder = writer.encoder
    let window = max(1, engine.threads) * 2
    for start in stride(from: 0, to: chunkCount, by: window) {
      try engine.checkCancellation()
      let count = min(window, chunkCount - start)
      let encoded = Mutex([Writer.Encoded?](repeating: nil, count: count))
      try parallelForEach(count, threads: engine.threads) { (offset: Int) throws(ImmerseError) in
        let part = try locatingErrors { () throws(ImmerseError) in
          try encoder.encode(try chunk(start + offset, columns))
        }
        encoded.withLock { $0[offset] = part }
      }
      for part in encoded.withLock({ $0 }) {
        if let part { try writer.append(part) }
      }
      engine.progress?(start + count, chunkCount)
    }
  }
}
