public import CImmerse

/// Record batches handed over to another library through the Arrow C stream interface, sharing their memory.
public enum ArrowExport {
  /// Writes a stream of the batches, which must have the columns of the fields, into `stream`; it lives until its
  /// `release` is called. A number that is NaN is handed over as missing. O(batches); O(rows) for each batch as it is
  /// fetched.
  public static func write(
    _ batches: [Batch], fields: [Field], to stream: UnsafeMutablePointer<ArrowArrayStream>
  ) {
    let state = StreamState(batches: batches, fields: fields)
    stream.pointee = ArrowArrayStream(
      get_schema: { stream, schema in
        guard let state = StreamState.of(stream), let schema else { return Int32(22) }
        state.exportSchema(to: schema)
        return 0
      },
      get_next: { stream, array in
        guard let state = StreamState.of(stream), let array else { return Int32(22) }
        guard state.next < state.batches.count else {
          array.pointee = ArrowArray()
          return 0
        }
        state.exportNext(to: array)
        return 0
      },
      get_last_error: { _ in nil },
      release: { stream in
        guard let stream, let state = stream.pointee.private_data else { return }
        Unmanaged<StreamState>.fromOpaque(state).release()
        stream.pointee.private_data = nil
        stream.pointee.release = nil
      },
      private_data: Unmanaged.passRetained(state).toOpaque())
  }

  private final class StreamState {
    let batches: [Batch]
    let fields: [Field]
    var next = 0

    init(batches: [Batch], fields: [Field]) {
      self.batches = batches
      self.fields = fields
    }

    func exportSchema(to schema: UnsafeMutablePointer<ArrowSchema>) {
      let children = fields.map { field -> ExportedSchema in
        let dictionary = field.type == .category ? ExportedSchema("u", name: "", []) : nil
        return ExportedSchema(field.type.arrowFormat, name: field.name, [], dictionary: dictionary)
      }
      ExportedSchema("+s", name: "", children).move(to: schema)
    }

    func exportNext(to array: UnsafeMutablePointer<ArrowArray>) {
      let batch = batches[next]
      next += 1
      let children = fields.map { ExportedArray(batch[$0.name] ?? Column([Double]())) }
      ExportedArray(rows: batch.rowCount, [nil], children: children).move(to: array)
    }

    static func of(_ stream: UnsafeMutablePointer<ArrowArrayStream>?) -> StreamState? {
      stream?.pointee.private_data.map { Unmanaged<StreamState>.fromOpaque($0).takeUnretainedValue() }
    }
  }
}

extension DataType {
  fileprivate var arrowFormat: String {
    switch self {
    case .float64: "g"
    case .float32: "f"
    case .int64: "l"
    case .int32, .category: "i"
    case .int16: "s"
    case .int8: "c"
    case .uint64: "L"
    case .uint32: "I"
    case .uint16: "S"
    case .uint8: "C"
    case .bool: "b"
    case .text: "u"
    }
  }
}

/// The structs that a struct of the interface points to, each in memory of its own: a consumer may move a child away from
/// its parent.
private struct Parts<Struct: Releasable> {
  let children: UnsafeMutablePointer<UnsafeMutablePointer<Struct>?>?
  let count: Int
  let dictionary: UnsafeMutablePointer<Struct>?

  /// Of each part, what writes it into its memory.
  init(children: [(UnsafeMutablePointer<Struct>) -> Void], dictionary: ((UnsafeMutablePointer<Struct>) -> Void)?) {
    func written(_ write: (UnsafeMutablePointer<Struct>) -> Void) -> UnsafeMutablePointer<Struct> {
      let memory = UnsafeMutablePointer<Struct>.allocate(capacity: 1)
      write(memory)
      return memory
    }
    count = children.count
    self.children = children.isEmpty ? nil : .allocate(capacity: count)
    for (index, child) in children.enumerated() { (self.children?.advanced(by: index))?.initialize(to: written(child)) }
    self.dictionary = dictionary.map(written)
  }

  func release() {
    for index in 0..<count { free(children?[index]) }
    free(dictionary)
    children?.deallocate()
  }

  private func free(_ part: UnsafeMutablePointer<Struct>?) {
    guard let part else { return }
    Struct.release(part)
    part.deallocate()
  }
}

private protocol Releasable {
  static func release(_ pointer: UnsafeMutablePointer<Self>)
}

extension ArrowSchema: Releasable {
  fileprivate static func release(_ pointer: UnsafeMutablePointer<ArrowSchema>) { pointer.pointee.release?(pointer) }
}

extension ArrowArray: Releasable {
  fileprivate static func release(_ pointer: UnsafeMutablePointer<ArrowArray>) { pointer.pointee.release?(pointer) }
}

/// A schema and what it points to.
private final class ExportedSchema {
  private let format: UnsafeMutablePointer<CChar>
  private let name: UnsafeMutablePointer<CChar>
  private let parts: Parts<ArrowSchema>

  init(_ format: String, name: String, _ children: [ExportedSchema], dictionary: ExportedSchema? = nil) {
    self.format = ExportedSchema.text(format)
    self.name = ExportedSchema.text(name)
    parts = Parts(
      children: children.map { child in { child.move(to: $0) } },
      dictionary: dictionary.map { values in { values.move(to: $0) } })
  }

  func move(to target: UnsafeMutablePointer<ArrowSchema>) {
    target.initialize(
      to: ArrowSchema(
        format: UnsafePointer(format), name: UnsafePointer(name), metadata: nil, flags: Int64(ARROW_FLAG_NULLABLE),
        n_children: Int64(parts.count), children: parts.children, dictionary: parts.dictionary,
        release: { schema in
          guard let schema, let data = schema.pointee.private_data else { return }
          Unmanaged<ExportedSchema>.fromOpaque(data).release()
          schema.pointee.private_data = nil
          schema.pointee.release = nil
        }, private_data: Unmanaged.passRetained(self).toOpaque()))
  }

  deinit {
    parts.release()
    format.deallocate()
    name.deallocate()
  }

  private static func text(_ string: String) -> UnsafeMutablePointer<CChar> {
    let bytes = string.utf8CString
    let memory = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    for (index, byte) in bytes.enumerated() { (memory + index).initialize(to: byte) }
    return memory
  }
}

/// An array and the buffers it points to.
private final class ExportedArray {
  private let rows: Int
  private let missing: Int
  private let buffers: UnsafeMutablePointer<UnsafeRawPointer?>
  private let bufferCount: Int
  private let kept: [Buffer<UInt8>]
  private let parts: Parts<ArrowArray>

  init(
    rows: Int, missing: Int = 0, _ buffers: [Buffer<UInt8>?], children: [ExportedArray] = [],
    dictionary: ExportedArray? = nil
  ) {
    self.rows = rows
    self.missing = missing
    kept = buffers.compactMap(\.self)
    bufferCount = buffers.count
    self.buffers = .allocate(capacity: max(1, buffers.count))
    for (index, buffer) in buffers.enumerated() {
      // The memory outlives the call: `kept` holds its owner.
      let address = buffer.flatMap { $0.withUnsafeBufferPointer { $0.baseAddress } }
      (self.buffers + index).initialize(to: address.map { UnsafeRawPointer($0) })
    }
    parts = Parts(
      children: children.map { child in { child.move(to: $0) } },
      dictionary: dictionary.map { values in { values.move(to: $0) } })
  }

  convenience init(_ column: Column) {
    let present = column.presence
    let validity = present?.packedBytes
    let missing = present?.unsetCount ?? 0
    var dictionary: ExportedArray?
    let values: [Buffer<UInt8>]
    switch column.values {
    case .float64(let buffer): values = [buffer.bytes]
    case .float32(let buffer): values = [buffer.bytes]
    case .int64(let buffer): values = [buffer.bytes]
    case .int32(let buffer): values = [buffer.bytes]
    case .int16(let buffer): values = [buffer.bytes]
    case .int8(let buffer): values = [buffer.bytes]
    case .uint64(let buffer): values = [buffer.bytes]
    case .uint32(let buffer): values = [buffer.bytes]
    case .uint16(let buffer): values = [buffer.bytes]
    case .uint8(let buffer): values = [buffer.bytes]
    case .bool(let bits): values = [bits.packedBytes]
    case .text(let text): values = [text.offsets.bytes, text.bytes]
    case .category(let codes, let levels):
      values = [codes.bytes]
      dictionary = ExportedArray(Column(.text(TextBuffer(levels.names))))
    }
    self.init(rows: column.count, missing: missing, [validity] + values, dictionary: dictionary)
  }

  func move(to target: UnsafeMutablePointer<ArrowArray>) {
    target.initialize(
      to: ArrowArray(
        length: Int64(rows), null_count: Int64(missing), offset: 0, n_buffers: Int64(bufferCount),
        n_children: Int64(parts.count), buffers: buffers, children: parts.children, dictionary: parts.dictionary,
        release: { array in
          guard let array, let data = array.pointee.private_data else { return }
          Unmanaged<ExportedArray>.fromOpaque(data).release()
          array.pointee.private_data = nil
          array.pointee.release = nil
        }, private_data: Unmanaged.passRetained(self).toOpaque()))
  }

  deinit {
    parts.release()
    buffers.deallocate()
  }
}

extension Column {
  /// Where the column has a value, NaN and negative codes counting as none; nil where it has one everywhere. O(count).
  fileprivate var presence: Bitmap? {
    func bits(_ isPresent: (Int) -> Bool) -> Bitmap? {
      let bits = Bitmap(count: count) { !isMissing($0) && isPresent($0) }
      return bits.unsetCount == 0 ? nil : bits
    }
    switch values {
    case .float64(let numbers): return bits { !numbers[$0].isNaN }
    case .float32(let numbers): return bits { !numbers[$0].isNaN }
    case .category(let codes, _): return bits { codes[$0] >= 0 }
    default: return validity
    }
  }
}
