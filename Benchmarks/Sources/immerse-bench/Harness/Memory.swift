import Foundation
import ImmerseStats

#if canImport(Glibc)
  import Glibc
#endif

/// Anonymous memory of the process; memory-mapped files are not counted.
enum Memory {
  /// Bytes now; nil where the system does not say.
  static var anonymous: Int? {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("RssAnon:") }),
      let kilobytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
    else { return nil }
    return kilobytes << 10
  }

  /// The most anonymous memory in use while `work` runs, above what was in use before. Sampled every millisecond.
  static func peak<Result>(during work: () throws -> Result) rethrows -> (result: Result, bytes: Int?) {
    returnFreed()
    let before = anonymous
    let watch = Watch()
    let thread = Thread { watch.run() }
    thread.start()
    defer { watch.stop() }
    let result = try work()
    let peak = max(watch.peak, anonymous ?? 0)
    return (result, before.map { max(0, peak - $0) })
  }

  /// Hands freed memory back to the system, so that what the preparation freed is not taken for memory in use.
  private static func returnFreed() {
    #if canImport(Glibc)
      typealias Trim = @convention(c) (Int) -> CInt
      guard let symbol = dlsym(nil, "malloc_trim") else { return }
      _ = unsafeBitCast(symbol, to: Trim.self)(0)
    #endif
  }

  private final class Watch: @unchecked Sendable {
    private let lock = NSLock()
    private var highest = 0
    private var isRunning = true

    var peak: Int { lock.withLock { highest } }
    func stop() { lock.withLock { isRunning = false } }

    func run() {
      while lock.withLock({ isRunning }) {
        let now = Memory.anonymous ?? 0
        lock.withLock { highest = max(highest, now) }
        usleep(1000)
      }
    }
  }
}
