extension Batch {
  /// The same batch with its numbers and codes in memory of their own. O(rows · columns).
  ///
  /// A reader may lay all columns of a batch into one block, which lives as long as any of them; whoever keeps a few
  /// columns for long detaches them.
  public var detached: Batch {
    Batch(zip(names, columns).map { ($0, $1.detached) }, rowCount: rowCount, firstRow: firstRow)
  }
}

extension Column {
  fileprivate var detached: Column {
    switch values {
    case .float64(let buffer): Column(.float64(buffer.detached), validity: validity)
    case .category(let codes, let levels): Column(.category(codes.detached, levels), validity: validity)
    default: self
    }
  }
}

extension Buffer {
  fileprivate var detached: Buffer {
    Buffer(count: count) { target in
      withUnsafeBufferPointer { _ = target.initialize(from: $0) }
    }
  }
}
