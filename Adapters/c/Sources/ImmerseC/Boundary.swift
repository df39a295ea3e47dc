import CImmerse
import ImmerseStats
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Carries out a call: whatever goes wrong becomes a code and a message in the caller's struct.
func call(
  _ target: UnsafeMutablePointer<imm_error>?, _ body: () throws(ImmerseError) -> Void
) -> imm_code {
  do throws(ImmerseError) {
    guard Process.isOriginal else {
      throw ImmerseError(
        .failure, "this process was forked from one that has used the library",
        remedy: "start workers as new processes (\"spawn\" in Python's multiprocessing)")
    }
    try body()
    report(nil, code: imm_code(IMM_OK), to: target)
    return imm_code(IMM_OK)
  } catch {
    let code = Process.isOriginal ? error.kind.code : imm_code(IMM_FORKED)
    report(error, code: code, to: target)
    return code
  }
}

private func report(_ failure: ImmerseError?, code: imm_code, to error: UnsafeMutablePointer<imm_error>?) {
  guard let error else { return }
  error.pointee.code = code
  withUnsafeMutableBytes(of: &error.pointee.message) { message in
    var bytes = Array((failure.map { "\($0)" } ?? "").utf8.prefix(message.count - 1))
    // Not in the middle of a character.
    while !bytes.isEmpty, String(validating: bytes, as: UTF8.self) == nil { bytes.removeLast() }
    message.copyBytes(from: bytes + [0])
  }
}

/// Threads do not survive a fork, and locks may be held by those that are gone: a child must not go on.
private enum Process {
  private static let original = getpid()
  static var isOriginal: Bool { original == getpid() }
}

extension ImmerseError.Kind {
  fileprivate var code: imm_code {
    switch self {
    case .usage: imm_code(IMM_USAGE)
    case .badData: imm_code(IMM_BAD_DATA)
    case .noInput: imm_code(IMM_NO_INPUT)
    case .inputOutput: imm_code(IMM_INPUT_OUTPUT)
    case .failure: imm_code(IMM_FAILURE)
    case .cancelled: imm_code(IMM_CANCELLED)
    }
  }
}

extension ImmerseError {
  static func null(_ what: String) -> ImmerseError { ImmerseError(.usage, "\(what) is NULL") }
}

/// The caller's bytes, copied.
func bytes(_ start: UnsafeRawPointer?, _ length: Int64, _ what: String) throws(ImmerseError) -> [UInt8] {
  guard let start else { throw .null(what) }
  guard length >= 0, length <= Int64(Int32.max) else { throw ImmerseError(.usage, "\(what) has a length of \(length)") }
  return Array(UnsafeRawBufferPointer(start: start, count: Int(length)))
}

/// Bytes for the caller, ending in a NUL that is not counted; freed with `imm_free`.
func exported(_ bytes: [UInt8]) throws(ImmerseError) -> UnsafeMutablePointer<UInt8> {
  guard let memory = malloc(bytes.count + 1) else { throw ImmerseError(.failure, "out of memory") }
  memory.copyMemory(from: bytes + [0], byteCount: bytes.count + 1)
  return memory.assumingMemoryBound(to: UInt8.self)
}

/// A text for the caller; freed with `imm_free`.
func exported(_ text: String) throws(ImmerseError) -> UnsafeMutablePointer<CChar> {
  UnsafeMutableRawPointer(try exported(Array(text.utf8))).assumingMemoryBound(to: CChar.self)
}

extension Engine {
  /// - Throws: `usage` where the caller was compiled for a newer library.
  init(_ options: UnsafePointer<imm_options>?) throws(ImmerseError) {
    self.init()
    guard let options = options?.pointee else { return }
    guard options.struct_size >= Int64(MemoryLayout<imm_options>.size),
      options.abi_version / 1000 == IMM_ABI_VERSION / 1000,
      options.abi_version <= IMM_ABI_VERSION
    else {
      throw ImmerseError(
        .usage, "the library has interface version \(IMM_ABI_VERSION), the caller was made for \(options.abi_version)",
        remedy: "install a newer library")
    }
    guard options.threads >= 0 else { throw ImmerseError(.usage, "\(options.threads) threads") }
    if options.threads > 0 { threads = Int(options.threads) }
    guard let report = options.progress else { return }
    let caller = Caller(report: report, context: options.context)
    let cancellation = Cancellation()
    self.cancellation = cancellation
    progress = { done, total in
      if caller.wantsToStop(done, total) { cancellation.request() }
    }
  }

  /// The caller's function, called by one thread at a time.
  private final class Caller: @unchecked Sendable {
    private let report: @convention(c) (UnsafeMutableRawPointer?, Int64, Int64) -> Int32
    private let context: UnsafeMutableRawPointer?
    private let lock = Mutex<Void>(())

    init(
      report: @escaping @convention(c) (UnsafeMutableRawPointer?, Int64, Int64) -> Int32,
      context: UnsafeMutableRawPointer?
    ) {
      self.report = report
      self.context = context
    }

    func wantsToStop(_ done: Int, _ total: Int) -> Bool {
      lock.withLock { _ in report(context, Int64(done), Int64(total)) != 0 }
    }
  }
}
