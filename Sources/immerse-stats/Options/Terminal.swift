import Columnar
import Foundation
import Streaming

/// Where the command speaks: data on standard output, everything else on standard error.
enum Terminal {
  static func say(_ line: String) {
    FileHandle.standardError.write(Data((line + "\n").utf8))
  }

  private static let closing = Locked<[@Sendable () -> Void]>([])

  /// Says something once the verb has done its work: what only the work itself finds out.
  static func whenDone(_ say: @escaping @Sendable () -> Void) { closing.withLock { $0.append(say) } }

  static func sayWhatIsDone() {
    for say in closing.withLock({ $0 }) { say() }
  }

  /// Says notes, unless nobody wants to hear them.
  static func say(_ notes: [Note], _ global: GlobalOptions) {
    if global.quiet { return }
    for note in notes { say("note: \(note.message)") }
  }

  static func write(_ text: String) throws(ImmerseError) {
    try write(Array(text.utf8))
  }

  static func write(_ bytes: [UInt8]) throws(ImmerseError) {
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(bytes))
    } catch {
      throw ImmerseError(.inputOutput, "standard output cannot be written")
    }
  }
}

/// Turns an interrupt into a request to stop at the next chunk, so that no output is left half-written.
enum Interruption {
  static let cancellation = Cancellation()

  static func install() {
    signal(SIGINT) { _ in Interruption.cancellation.request() }
  }
}

/// A line on a terminal that says how far the work has come, once it has lasted half a second.
final class ProgressLine: Sendable {
  private let start = ContinuousClock.now
  private let last = Locked(ContinuousClock.now)

  /// Nil where nobody watches.
  static func ifWatched(quiet: Bool) -> ProgressLine? {
    !quiet && isatty(2) == 1 ? ProgressLine() : nil
  }

  func update(_ done: Int, _ total: Int) {
    let now = ContinuousClock.now
    guard now - start > .milliseconds(500) else { return }
    let isDue = last.withLock { last in
      guard now - last > .milliseconds(100) || done == total else { return false }
      last = now
      return true
    }
    guard isDue else { return }
    let line = done == total ? "\r\u{1B}[K" : "\r\u{1B}[K\(100 * done / max(total, 1)) %"
    FileHandle.standardError.write(Data(line.utf8))
  }
}

/// A value guarded by a lock.
final class Locked<Value>: @unchecked Sendable {
  private var value: Value
  private let lock = NSLock()

  init(_ value: Value) { self.value = value }

  func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
    lock.withLock { body(&value) }
  }
}
