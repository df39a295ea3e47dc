import Columnar

/// The body of an Arrow record batch, column by column.
public struct ArrowBody: Sendable {
  let rowCount: Int
  var columns: [ArrowBuffers]

  /// Offsets in the body are multiples of this.
  private static let alignment = 64

  /// Length and missing values of each column, two words each.
  var nodes: [Int64] { columns.flatMap { [Int64(rowCount), Int64($0.missing)] } }

  /// Offset and length of each buffer, two words each; and the length of the whole body.
  var layout: (buffers: [Int64], length: Int64) {
    var words: [Int64] = []
    var offset: Int64 = 0
    for buffer in columns.flatMap(\.buffers) {
      words += [offset, Int64(buffer.count)]
      offset += Int64(buffer.count + Self.padding(after: buffer.count))
    }
    return (words, offset)
  }

  /// The bytes that fill up to the next aligned position.
  static func padding(after count: Int) -> Int { (alignment - count % alignment) % alignment }
}

/// The buffers of one column in a record batch. Slots of missing values hold zeros.
struct ArrowBuffers: Sendable {
  let missing: Int
  /// First the validity, empty where nothing is missing.
  var buffers: [Buffer<UInt8>]
  /// What the codes of a category point to.
  let levels: Levels?

  /// O(rows), or O(1) for numbers that all are present.
  init(_ column: Column) {
    let validity = Self.validity(of: column)
    let values: [Buffer<UInt8>] =
      switch column.values {
      case .float64(let buffer): [Self.cleared(buffer, validity)]
      case .float32(let buffer): [Self.cleared(buffer, validity)]
      case .int64(let buffer): [Self.cleared(buffer, validity)]
      case .int32(let buffer): [Self.cleared(buffer, validity)]
      case .int16(let buffer): [Self.cleared(buffer, validity)]
      case .int8(let buffer): [Self.cleared(buffer, validity)]
      case .uint64(let buffer): [Self.cleared(buffer, validity)]
      case .uint32(let buffer): [Self.cleared(buffer, validity)]
      case .uint16(let buffer): [Self.cleared(buffer, validity)]
      case .uint8(let buffer): [Self.cleared(buffer, validity)]
      case .bool(let bits): [bits.packedBytes]
      case .text(let texts): Self.fromZero(texts)
      case .category(let codes, _): [Self.cleared(codes, validity)]
      }
    if case .category(_, let own) = column.values { levels = own } else { levels = nil }
    missing = validity?.unsetCount ?? 0
    buffers = [validity?.packedBytes ?? Buffer([])] + values
  }

  /// Compresses every buffer. O(bytes).
  mutating func compress(_ codec: ArrowCodec) { buffers = buffers.map(codec.compressed) }

  /// Replaces the codes of a category by those in a map; missing ones remain zero.
  mutating func recode(_ map: [Int32]) {
    let codes = buffers[1].values(of: Int32.self)
    let validity = missing == 0 ? nil : Bitmap(bytes: buffers[0], count: codes.count)
    buffers[1] =
      Buffer<Int32>(count: codes.count) { target in
        for row in 0..<target.count { target[row] = validity?[row] == false ? 0 : map[Int(codes[row])] }
      }.bytes
  }

  /// Which rows have a value: NaN and negative codes have none, whatever the bitmap says.
  private static func validity(of column: Column) -> Bitmap? {
    let validity = column.validity
    switch column.values {
    case .float64(let buffer): return present(buffer, validity) { !$0.isNaN }
    case .float32(let buffer): return present(buffer, validity) { !$0.isNaN }
    case .category(let codes, _): return present(codes, validity) { $0 >= 0 }
    default: return validity?.unsetCount == 0 ? nil : validity
    }
  }

  private static func present<T>(_ buffer: Buffer<T>, _ validity: Bitmap?, _ isValue: (T) -> Bool) -> Bitmap? {
    buffer.withUnsafeBufferPointer { values in
      Bitmap(validity: values.count) { validity?[$0] != false && isValue(values[$0]) }
    }
  }

  private static func cleared<T: AdditiveArithmetic>(_ buffer: Buffer<T>, _ validity: Bitmap?) -> Buffer<UInt8> {
    guard let validity else { return buffer.bytes }
    return Buffer<T>(count: buffer.count) { target in
      buffer.withUnsafeBufferPointer { values in
        for row in 0..<values.count { target[row] = validity[row] ? values[row] : .zero }
      }
    }.bytes
  }

  /// Offsets that begin at 0, and the bytes from there on.
  private static func fromZero(_ texts: TextBuffer) -> [Buffer<UInt8>] {
    let (start, end) = (texts.offsets[0], texts.offsets[texts.count])
    let offsets =
      start == 0
      ? texts.offsets
      : Buffer<Int32>(count: texts.offsets.count) { target in
        for row in 0..<target.count { target[row] = texts.offsets[row] - start }
      }
    return [offsets.bytes, texts.bytes.slice(Int(start)..<Int(end))]
  }
}
