/// An immutable run of fixed-width values, laid out as an Apache Arrow buffer.
///
/// A buffer shares its memory: copying or slicing it is O(1), and the memory may belong to this process, to a
/// memory-mapped file or to another library that handed it over. The owner is released with the last copy.
public struct Buffer<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
  @usableFromInline let owner: AnyObject?
  @usableFromInline let base: UnsafePointer<Element>?
  public let count: Int

  /// Wraps memory that `owner` keeps alive.
  ///
  /// - Precondition: `base` points to `count` initialised elements for as long as `owner` lives.
  @inlinable public init(owner: AnyObject?, base: UnsafePointer<Element>?, count: Int) {
    self.owner = owner
    self.base = base
    self.count = count
  }

  /// Allocates `count` elements and lets `initialize` fill them all.
  @inlinable public init<Failure: Error>(
    count: Int, initializingWith initialize: (UnsafeMutableBufferPointer<Element>) throws(Failure) -> Void
  ) throws(Failure) {
    let memory = OwnedMemory<Element>(count: count)
    try initialize(memory.elements)
    self.init(owner: memory, base: UnsafePointer(memory.elements.baseAddress), count: count)
  }

  /// Copies an array. O(count).
  @inlinable public init(_ array: [Element]) {
    self.init(count: array.count) { target in
      _ = target.initialize(from: array)
    }
  }

  /// The elements, for as long as the buffer is borrowed.
  @inlinable public var span: Span<Element> {
    @_lifetime(borrow self)
    get {
      let span = Span(_unsafeElements: UnsafeBufferPointer(start: base, count: count))
      return _overrideLifetime(span, borrowing: self)
    }
  }

  /// Calls `body` with the elements as a C-compatible pointer, valid only during the call.
  @inlinable public func withUnsafeBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(owner) {} }
    return try body(UnsafeBufferPointer(start: base, count: count))
  }

  @inlinable public subscript(index: Int) -> Element {
    span[index]
  }

  /// A part of the buffer, sharing its memory. O(1).
  @inlinable public func slice(_ range: Range<Int>) -> Buffer {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "slice outside the buffer")
    return Buffer(owner: owner, base: base.map { $0 + range.lowerBound }, count: range.count)
  }

  /// The parts end to end. O(1) where they are neighbouring slices of one buffer, else O(count).
  public init(joining parts: [Buffer]) {
    if let first = parts.first, parts.count == 1 || Buffer.areNeighbours(parts) {
      self.init(owner: first.owner, base: first.base, count: parts.reduce(0) { $0 + $1.count })
      return
    }
    self.init(count: parts.reduce(0) { $0 + $1.count }) { target in
      var start = 0
      for part in parts {
        part.withUnsafeBufferPointer { source in
          _ = UnsafeMutableBufferPointer(rebasing: target[start..<start + source.count]).initialize(from: source)
        }
        start += part.count
      }
    }
  }

  private static func areNeighbours(_ parts: [Buffer]) -> Bool {
    zip(parts, parts.dropFirst()).allSatisfy { a, b in
      a.owner != nil && a.owner === b.owner && a.base.map { $0 + a.count } == b.base
    }
  }

  /// A copy as a Swift array. O(count).
  public var array: [Element] {
    withUnsafeBufferPointer { Array($0) }
  }
}

/// Uninitialised memory, freed with the last reference.
@usableFromInline final class OwnedMemory<Element: BitwiseCopyable>: @unchecked Sendable {
  @usableFromInline let elements: UnsafeMutableBufferPointer<Element>

  @usableFromInline init(count: Int) {
    let base = UnsafeMutableRawPointer.allocateColumns(byteCount: count * MemoryLayout<Element>.stride)
    elements = UnsafeMutableBufferPointer(
      start: base.bindMemory(to: Element.self, capacity: count), count: count)
  }

  deinit {
    UnsafeMutableRawPointer(elements.baseAddress)?.deallocate()
  }
}
