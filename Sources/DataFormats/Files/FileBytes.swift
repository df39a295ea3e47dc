import Columnar

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The bytes of a whole input, mapped where the system can and read into memory where it cannot.
///
/// A mapped file must not be shortened while it is read.
struct FileBytes: Sendable {
  /// At least this many readable zero bytes follow the last one, so that kernels may read whole blocks.
  static let padding = 64

  let buffer: Buffer<UInt8>

  /// Opens a file; `-` is standard input.
  ///
  /// - Throws: `noInput` where it cannot be opened, `inputOutput` where reading fails part-way.
  init(path: String) throws(ImmerseError) {
    if path == "-" {
      self = try FileBytes(reading: STDIN_FILENO, sizeHint: 0, name: "standard input")
      return
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotOpen(path, errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .cannotOpen(path, errno) }
    if status.st_mode & S_IFMT == S_IFDIR {
      throw ImmerseError(.noInput, "is a folder, not a file", place: ImmerseError.Place(file: path))
    }
    let size = Int(status.st_size)
    if status.st_mode & S_IFMT == S_IFREG, size > 0, let mapped = MappedMemory(descriptor: descriptor, count: size) {
      buffer = Buffer(owner: mapped, base: mapped.base, count: size)
    } else {
      self = try FileBytes(reading: descriptor, sizeHint: size, name: path)
    }
  }

  /// Copies bytes already in memory. O(count).
  init(_ bytes: [UInt8]) throws(ImmerseError) {
    var memory = try GrowingBytes(capacity: bytes.count)
    try memory.append(bytes)
    self.init(memory)
  }

  init(_ memory: consuming GrowingBytes) {
    buffer = memory.finish()
  }

  private init(reading descriptor: Int32, sizeHint: Int, name: String) throws(ImmerseError) {
    var memory = try GrowingBytes(capacity: max(sizeHint, 1 << 16))
    while true {
      let room = try memory.room()
      let count = read(descriptor, room.baseAddress, room.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw ImmerseError(
          .inputOutput, "reading failed: \(systemMessage(errno))", place: ImmerseError.Place(file: name))
      }
      if count == 0 { break }
      memory.count += count
    }
    self.init(memory)
  }
}

/// A file mapped for reading, with zero pages behind it.
private final class MappedMemory: Sendable {
  nonisolated(unsafe) let base: UnsafePointer<UInt8>
  private let length: Int

  init?(descriptor: Int32, count: Int) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    length = (count + FileBytes.padding + page - 1) / page * page
    // Empty pages first, the file on top of them: what is left at the end reads as zeros.
    let anonymous = MAP_PRIVATE | MAP_ANON
    guard let memory = mmap(nil, length, PROT_READ, anonymous, -1, 0), memory != MAP_FAILED else { return nil }
    guard mmap(memory, count, PROT_READ, MAP_PRIVATE | MAP_FIXED, descriptor, 0) == memory else {
      munmap(memory, length)
      return nil
    }
    base = UnsafePointer(memory.bindMemory(to: UInt8.self, capacity: length))
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: base), length)
  }
}

/// Memory that grows as bytes arrive, and keeps the padding free behind them.
struct GrowingBytes: ~Copyable {
  private var memory: UnsafeMutableRawPointer
  private var capacity: Int
  var count = 0

  init(capacity: Int) throws(ImmerseError) {
    self.capacity = capacity
    guard let memory = malloc(capacity + FileBytes.padding) else { throw .outOfMemory }
    self.memory = memory
  }

  deinit { free(memory) }

  /// The unused part, never empty; the caller adds what it used to `count`.
  mutating func room() throws(ImmerseError) -> UnsafeMutableRawBufferPointer {
    if count == capacity { try grow(to: max(1 << 16, 2 * capacity)) }
    return UnsafeMutableRawBufferPointer(start: memory + count, count: capacity - count)
  }

  /// The unused part, of at least so many bytes.
  mutating func room(atLeast bytes: Int) throws(ImmerseError) -> UnsafeMutableRawBufferPointer {
    if capacity - count < bytes { try grow(to: max(2 * capacity, count + bytes)) }
    return UnsafeMutableRawBufferPointer(start: memory + count, count: capacity - count)
  }

  mutating func append(_ bytes: [UInt8]) throws(ImmerseError) {
    if capacity - count < bytes.count { try grow(to: max(2 * capacity, count + bytes.count)) }
    bytes.withUnsafeBytes { source in
      if let base = source.baseAddress { (memory + count).copyMemory(from: base, byteCount: source.count) }
    }
    count += bytes.count
  }

  private mutating func grow(to newCapacity: Int) throws(ImmerseError) {
    guard let larger = realloc(memory, newCapacity + FileBytes.padding) else { throw .outOfMemory }
    memory = larger
    capacity = newCapacity
  }

  consuming func finish() -> Buffer<UInt8> {
    (memory + count).initializeMemory(as: UInt8.self, repeating: 0, count: FileBytes.padding)
    let owner = HeapMemory(memory)
    let buffer = Buffer(owner: owner, base: UnsafePointer(owner.base.assumingMemoryBound(to: UInt8.self)), count: count)
    discard self
    return buffer
  }
}

private final class HeapMemory: Sendable {
  nonisolated(unsafe) let base: UnsafeMutableRawPointer

  init(_ base: UnsafeMutableRawPointer) { self.base = base }

  deinit { free(base) }
}

/// The system's words for an error number.
func systemMessage(_ code: Int32) -> String { String(cString: strerror(code)) }

extension ImmerseError {
  static func cannotOpen(_ path: String, _ code: Int32) -> ImmerseError {
    ImmerseError(
      .noInput, code == ENOENT ? "there is no such file" : "cannot be opened: \(systemMessage(code))",
      place: Place(file: path))
  }

  static let outOfMemory = ImmerseError(.inputOutput, "there is not enough memory for the input")
}
