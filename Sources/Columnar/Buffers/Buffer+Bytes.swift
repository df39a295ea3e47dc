extension Buffer {
  /// The bytes of the elements in the machine's byte order, sharing their memory. O(1).
  public var bytes: Buffer<UInt8> {
    Buffer<UInt8>(
      owner: owner, base: base.map { UnsafeRawPointer($0).assumingMemoryBound(to: UInt8.self) },
      count: count * MemoryLayout<Element>.stride)
  }
}

extension Buffer<UInt8> {
  /// The bytes as values of another type, in the machine's byte order; bytes beyond the last whole value are left out.
  /// O(1), sharing the memory, where it is aligned as the type needs; else a copy.
  public func values<T: BitwiseCopyable & Sendable>(of type: T.Type) -> Buffer<T> {
    let count = count / MemoryLayout<T>.stride
    if UInt(bitPattern: base) % UInt(MemoryLayout<T>.alignment) == 0 {
      return Buffer<T>(
        owner: owner, base: base.map { UnsafeRawPointer($0).assumingMemoryBound(to: T.self) }, count: count)
    }
    return Buffer<T>(count: count) { target in
      withUnsafeBufferPointer { source in
        UnsafeMutableRawBufferPointer(target).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(source)[..<(count * MemoryLayout<T>.stride)]))
      }
    }
  }
}
