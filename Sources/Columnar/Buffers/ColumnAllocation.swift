#if canImport(Glibc)
  import Glibc
#endif

extension UnsafeMutableRawPointer {
  private static var hugePage: Int { 2 << 20 }

  /// Uninitialised memory for columns, aligned to a cache line; from the size of a huge page on it is made of these where
  /// the system has them: page faults in small ones take as long as reading the numbers.
  public static func allocateColumns(byteCount: Int) -> UnsafeMutableRawPointer {
    guard byteCount >= hugePage else { return .allocate(byteCount: Swift.max(byteCount, 1), alignment: 64) }
    // The last huge page is this memory's own to its end.
    let size = (byteCount + hugePage - 1) / hugePage * hugePage
    let base = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: hugePage)
    #if canImport(Glibc)
      madvise(base, size, MADV_HUGEPAGE)
    #endif
    return base
  }
}
