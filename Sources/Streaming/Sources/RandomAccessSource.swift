public import Columnar

/// A source of which any run of rows can be read, not only whole chunks.
public protocol RandomAccessSource: Source {
  /// The requested columns of some consecutive rows.
  ///
  /// - Throws: as `chunk` does.
  func rows(_ rows: Range<Int>, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch
}

extension RandomAccessSource {
  public func chunk(_ index: Int, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch {
    try rows(rows(ofChunk: index), columns)
  }
}
