public import Columnar

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The system's `write`, which a method of that name would hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

/// A file that is written whole or not at all.
///
/// The bytes go to a temporary file in the same folder, which takes the file's name when everything is written and
/// is removed where that does not happen. Pipes and devices, which cannot be replaced, are written directly; `-` is
/// standard output.
public final class OutputFile {
  public let path: String
  /// Bytes written so far.
  public private(set) var count = 0
  /// Small writes wait here for more.
  private var pending: [UInt8] = []
  private let descriptor: Int32
  /// nil where the bytes go straight to their destination.
  private let temporary: String?
  private let destination: String
  private var isOpen = true

  /// - Throws: `usage` where the file exists and `force` is not set; `inputOutput` where it cannot be created.
  public init(_ path: String, force: Bool = false) throws(ImmerseError) {
    self.path = path
    var status = stat()
    if path == "-" {
      (destination, temporary, descriptor) = (path, nil, STDOUT_FILENO)
    } else if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      if status.st_mode & S_IFMT == S_IFDIR {
        throw ImmerseError(.usage, "is a folder, not a file", place: ImmerseError.Place(file: path))
      }
      (destination, temporary) = (path, nil)
      descriptor = open(path, O_WRONLY | O_CLOEXEC)
    } else {
      let exists = access(path, F_OK) == 0
      if exists, !force { throw .exists(path) }
      // The file behind a symbolic link is replaced, not the link.
      destination = exists ? resolved(path) : path
      let temporary = temporaryName(beside: destination)
      self.temporary = temporary
      descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      // What only its owner could read stays so.
      if exists, descriptor >= 0 { fchmod(descriptor, status.st_mode & 0o777) }
    }
    if descriptor < 0 { throw .cannotWrite(path, errno) }
  }

  deinit { abandon() }

  /// - Throws: `inputOutput` where the bytes cannot be written.
  public func write(_ bytes: Buffer<UInt8>) throws(ImmerseError) {
    count += bytes.count
    if bytes.count < Self.pendingLimit {
      bytes.withUnsafeBufferPointer { pending.append(contentsOf: $0) }
      if pending.count >= Self.pendingLimit { try flush() }
    } else {
      try flush()
      try bytes.withUnsafeBufferPointer { bytes throws(ImmerseError) in try transfer(bytes) }
    }
  }

  public func write(_ bytes: [UInt8]) throws(ImmerseError) { try write(Buffer(bytes)) }

  private static let pendingLimit = 1 << 16

  private func flush() throws(ImmerseError) {
    let bytes = Buffer(pending)
    pending.removeAll(keepingCapacity: true)
    try bytes.withUnsafeBufferPointer { bytes throws(ImmerseError) in try transfer(bytes) }
  }

  private func transfer(_ bytes: UnsafeBufferPointer<UInt8>) throws(ImmerseError) {
    var written = 0
    while written < bytes.count {
      let result = systemWrite(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
      if result < 0 {
        if errno == EINTR { continue }
        throw .cannotWrite(path, errno)
      }
      written += result
    }
  }

  /// Lets the file appear under its name, with everything that was written.
  ///
  /// - Throws: `inputOutput` where the system cannot make it last.
  public func commit() throws(ImmerseError) {
    guard isOpen else { return }
    try flush()
    guard let temporary else { return }
    guard fsync(descriptor) == 0 else { throw .cannotWrite(path, errno) }
    isOpen = false
    guard close(descriptor) == 0, rename(temporary, destination) == 0 else {
      let code = errno
      unlink(temporary)
      throw .cannotWrite(path, code)
    }
  }

  private func abandon() {
    guard isOpen else { return }
    isOpen = false
    if descriptor > STDERR_FILENO { close(descriptor) }
    if let temporary, descriptor >= 0 { unlink(temporary) }
  }

  /// Writes a whole file at once.
  ///
  /// - Throws: as `init`, `write` and `commit` do.
  public static func write(_ bytes: [UInt8], to path: String, force: Bool = false) throws(ImmerseError) {
    let file = try OutputFile(path, force: force)
    try file.write(bytes)
    try file.commit()
  }
}

/// A hidden name in the same folder that no other process uses.
func temporaryName(beside path: String) -> String {
  let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
  let tag = UInt32.random(in: 0...UInt32.max)
  return "\(path[..<slash]).\(path[slash...]).\(getpid())-\(String(tag, radix: 36)).tmp"
}

/// The path without symbolic links.
private func resolved(_ path: String) -> String {
  guard let real = realpath(path, nil) else { return path }
  defer { free(real) }
  return String(cString: real)
}

extension ImmerseError {
  static func exists(_ path: String) -> ImmerseError {
    ImmerseError(
      .usage, "exists already", place: Place(file: path), remedy: "name another output, or overwrite it with --force")
  }

  static func cannotWrite(_ path: String, _ code: Int32) -> ImmerseError {
    ImmerseError(.inputOutput, "cannot be written: \(systemMessage(code))", place: Place(file: path))
  }
}
