public import Columnar
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs `body` for every index of `0..<count` on up to `threads` threads of our own, and waits for all of them.
///
/// These are plain threads rather than Swift tasks, so that a library loaded into another program brings no thread
/// pool with it. Indices are handed out in ascending order. After a failure no higher index is begun.
///
/// - Throws: the error of the lowest index that failed, so that the same input reports the same error.
public func parallelForEach(
  _ count: Int, threads: Int, _ body: @escaping @Sendable (Int) throws(ImmerseError) -> Void
) throws(ImmerseError) {
  if threads <= 1 || count <= 1 {
    for index in 0..<count { try body(index) }
    return
  }
  let work = SharedWork(count: count, body: body)
  var started: [pthread_t] = []
  for _ in 1..<min(threads, count) {
    let context = Unmanaged.passRetained(work).toOpaque()
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let status = pthread_create(
      &thread, nil,
      { context in
        #if canImport(Darwin)
          Unmanaged<SharedWork>.fromOpaque(context).takeRetainedValue().drain()
        #else
          if let context { Unmanaged<SharedWork>.fromOpaque(context).takeRetainedValue().drain() }
        #endif
        return nil
      }, context)
    guard status == 0 else {
      // The machine has no thread to spare; those already running do the work.
      Unmanaged<SharedWork>.fromOpaque(context).release()
      break
    }
    #if canImport(Darwin)
      if let thread { started.append(thread) }
    #else
      started.append(thread)
    #endif
  }
  work.drain()
  for thread in started { pthread_join(thread, nil) }
  if let error = work.firstError { throw error }
}

/// The indices still to be done, and the first thing that went wrong.
private final class SharedWork: Sendable {
  private let count: Int
  private let body: @Sendable (Int) throws(ImmerseError) -> Void
  private let next = Atomic<Int>(0)
  private let failure = Mutex<(index: Int, error: ImmerseError)?>(nil)

  init(count: Int, body: @escaping @Sendable (Int) throws(ImmerseError) -> Void) {
    self.count = count
    self.body = body
  }

  var firstError: ImmerseError? { failure.withLock { $0?.error } }

  func drain() {
    while true {
      let index = next.add(1, ordering: .relaxed).oldValue
      // An index below the failed one is still done: its own failure would have to be reported instead.
      if index >= count || failure.withLock({ $0.map { $0.index < index } ?? false }) { return }
      do {
        try body(index)
      } catch {
        failure.withLock { first in
          if first.map({ index < $0.index }) ?? true { first = (index, error) }
        }
      }
    }
  }
}

/// The number of processors this process may use.
public var availableProcessors: Int {
  max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
}
