import Synchronization

/// Rows that a rule drops, counted while they are read.
///
/// They are kept by chunk, so that a second pass over the rows counts nothing twice.
public final class DroppedRowCount: Sendable {
  private let counts = Mutex<[Int: Int]>([:])

  public init() {}

  /// Of the chunks read so far.
  public var total: Int { counts.withLock { $0.values.reduce(0, +) } }

  public func note(_ count: Int, ofChunk chunk: Int) { counts.withLock { $0[chunk] = count } }
}
