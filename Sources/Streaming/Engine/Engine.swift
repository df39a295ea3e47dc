public import Columnar
import Synchronization

/// How passes run: threads, memory, progress and cancellation. No setting changes a result.
public struct Engine: Sendable {
  public var threads: Int
  /// Rows are kept in memory between passes where they take no more bytes than this; otherwise each pass reads
  /// the source again.
  public var memoryLimit: Int
  public var cancellation: Cancellation?
  /// Called from a working thread after each chunk, with the chunks done and the chunks in the pass.
  public var progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?

  public init(
    threads: Int = availableProcessors, memoryLimit: Int = 768 << 20, cancellation: Cancellation? = nil,
    progress: (@Sendable (Int, Int) -> Void)? = nil
  ) {
    self.threads = max(1, threads)
    self.memoryLimit = memoryLimit
    self.cancellation = cancellation
    self.progress = progress
  }

  /// Reductions run on this many lanes whatever the number of threads; each lane takes a run of consecutive chunks
  /// in order and lanes merge in order, which fixes every rounding.
  static let laneCount = 16

  /// The chunks each lane takes, in lane order; lanes without a chunk are left out.
  static func lanes(chunks: Int) -> [Range<Int>] {
    (0..<laneCount).map { lane in
      lane * chunks / laneCount..<(lane + 1) * chunks / laneCount
    }.filter { !$0.isEmpty }
  }

  public func checkCancellation() throws(ImmerseError) { try cancellation?.check() }
}

/// A switch that asks running work to stop at the next chunk.
public final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  public init() {}

  public func request() { flag.store(true, ordering: .relaxed) }

  public var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// - Throws: `cancelled` once it is requested.
  public func check() throws(ImmerseError) {
    if isRequested { throw ImmerseError(.cancelled, "stopped before the end; nothing was written") }
  }
}
