public import Columnar
public import Streaming

/// Turns batches into the bodies of Arrow record batches.
public struct ArrowEncoder: BatchEncoder {
  let fields: [Field]
  let codec: ArrowCodec?

  /// Columns of another type than the file's are converted. O(cells).
  ///
  /// - Throws: `badData` where a value does not fit its column.
  public func encode(_ batch: Batch) throws(ImmerseError) -> ArrowBody {
    var columns: [ArrowBuffers] = []
    for field in fields {
      guard let column = batch[field.name] else { throw .missingColumn(field.name, among: batch.names) }
      var buffers = ArrowBuffers(try column.converted(to: field.type, named: field.name))
      // The codes of categories may change before they are written.
      if let codec, buffers.levels == nil { buffers.compress(codec) }
      columns.append(buffers)
    }
    return ArrowBody(rowCount: batch.rowCount, columns: columns)
  }
}
