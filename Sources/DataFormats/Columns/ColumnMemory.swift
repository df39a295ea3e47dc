import Columnar

/// Memory of a column that is being filled, freed with the last buffer that shares it.
final class ColumnMemory<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
  let base: UnsafeMutablePointer<Element>
  let count: Int
  private let arena: ColumnArena?

  init(count: Int) {
    self.count = count
    arena = nil
    base = UnsafeMutableRawPointer.allocateColumns(byteCount: count * MemoryLayout<Element>.stride)
      .bindMemory(to: Element.self, capacity: count)
  }

  init(count: Int, in arena: ColumnArena) {
    self.count = count
    self.arena = arena
    base = arena.take(count * MemoryLayout<Element>.stride).bindMemory(to: Element.self, capacity: count)
  }

  deinit {
    if arena == nil { UnsafeMutableRawPointer(base).deallocate() }
  }

  /// The memory as a column's buffer; nothing may be written after.
  var buffer: Buffer<Element> { Buffer(owner: self, base: UnsafePointer(base), count: count) }
}

/// One allocation for the numeric columns of a batch, large enough for huge pages.
final class ColumnArena {
  private let base: UnsafeMutableRawPointer
  private let size: Int
  private var used = 0

  init(columns: Int, rows: Int) {
    size = columns * Self.room(rows * MemoryLayout<Double>.stride)
    base = .allocateColumns(byteCount: size)
  }

  deinit { base.deallocate() }

  fileprivate func take(_ bytes: Int) -> UnsafeMutableRawPointer {
    let room = Self.room(bytes)
    precondition(used + room <= size, "more columns than the arena was made for")
    used += room
    return base + (used - room)
  }

  /// Whole cache lines, and one more: columns a power of two apart would compete for the same lines of the cache.
  private static func room(_ bytes: Int) -> Int { (bytes + 127) / 64 * 64 }
}
