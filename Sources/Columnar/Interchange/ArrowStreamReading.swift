public import CImmerse

extension ArrowRecords {
  /// All record batches of a stream, which is released, also where this throws.
  ///
  /// - Throws: `badData` where schema or batches are broken, `inputOutput` with the producer's message where it fails.
  public static func reading(
    _ stream: UnsafeMutablePointer<ArrowArrayStream>
  ) throws(ImmerseError) -> (fields: [ArrowFieldDescription], batches: [ArrowRecords]) {
    guard let release = stream.pointee.release else {
      throw ImmerseError(.usage, "the stream of rows was released already", remedy: "hand over a new one")
    }
    defer { if stream.pointee.release != nil { release(stream) } }
    guard let getSchema = stream.pointee.get_schema, let getNext = stream.pointee.get_next else { throw .brokenArrow }
    var schema = ArrowSchema()
    guard getSchema(stream, &schema) == 0, schema.release != nil else { throw producerError(stream) }
    defer { schema.release?(&schema) }
    let fields = try schema.fields()
    var batches: [ArrowRecords] = []
    while true {
      var array = ArrowArray()
      guard getNext(stream, &array) == 0 else { throw producerError(stream) }
      if array.release == nil { return (fields, batches) }
      batches.append(try ArrowRecords(moving: &array, fields: fields))
    }
  }

  private static func producerError(_ stream: UnsafeMutablePointer<ArrowArrayStream>) -> ImmerseError {
    let said = stream.pointee.get_last_error?(stream).map { String(cString: $0) }
    return ImmerseError(.inputOutput, "the stream of rows ended with an error" + (said.map { ": \($0)" } ?? ""))
  }
}
