import CZlib
import Columnar

/// A page of a Parquet column: its header, and where its bytes lie.
struct ParquetPage {
  enum Kind { case data, dictionary, other }

  /// Where, beside the values, the levels lie.
  enum Layout {
    /// Before the values and compressed with them, after a length.
    case first
    /// Before the values, of a known length and never compressed.
    case second(levels: Int, isCompressed: Bool)
  }

  private(set) var kind = Kind.other
  private(set) var count = 0
  private(set) var encoding = 0
  private(set) var layout = Layout.first
  private var expandedSize = 0
  private var bytes = Buffer<UInt8>([])
  private var checksum: UInt32?

  /// Reads the page at a position of a column's bytes, which then is that of the next.
  ///
  /// - Throws: `badData` where the header is damaged.
  init(_ column: Buffer<UInt8>, at position: inout Int) throws(ImmerseError) {
    var page = self
    var (number, size): (Int?, Int?) = (nil, nil)
    var levels = 0
    var isCompressed = true
    var thrift = ThriftReader(column, at: position)
    try thrift.fields { (field, value) throws(ImmerseError) in
      switch field {
      case 1: number = try value.integer()
      case 2: page.expandedSize = try value.size()
      case 3: size = try value.size()
      case 4: page.checksum = UInt32(truncatingIfNeeded: try value.integer())
      case 5, 7:
        try value.fields { (field, value) throws(ImmerseError) in
          if field == 1 { page.count = try value.size() }
          if field == 2 { page.encoding = try value.integer() }
        }
      case 8:
        try value.fields { (field, value) throws(ImmerseError) in
          switch field {
          case 1: page.count = try value.size()
          case 4: page.encoding = try value.integer()
          case 5, 6: levels += try value.size()
          case 7: isCompressed = try value.bool()
          default: break
          }
        }
      default: break
      }
    }
    position = thrift.position
    guard let number, let size, size <= column.count - position, page.expandedSize <= Int(Int32.max),
      page.count <= Int(Int32.max)
    else { throw .damagedParquet }
    page.bytes = column.slice(position..<position + size)
    position += size
    switch number {
    case 0: page.kind = .data
    case 2: page.kind = .dictionary
    case 3:
      page.kind = .data
      guard levels <= size, levels <= page.expandedSize else { throw .damagedParquet }
      page.layout = .second(levels: levels, isCompressed: isCompressed)
    default: break
    }
    self = page
  }

  /// The levels, where the column has any, and the values.
  ///
  /// - Throws: `badData` where the page is damaged or compressed in a way that is not read.
  func content(_ codec: Int, isOptional: Bool) throws(ImmerseError) -> (levels: Buffer<UInt8>?, values: Buffer<UInt8>) {
    if let checksum {
      let sum = bytes.withUnsafeBufferPointer { crc32_z(0, $0.baseAddress, $0.count) }
      guard UInt32(truncatingIfNeeded: sum) == checksum else { throw .damagedParquet }
    }
    switch layout {
    case .second(let levels, let isCompressed):
      let values = bytes.slice(levels..<bytes.count)
      let size = expandedSize - levels
      return (
        isOptional ? bytes.slice(0..<levels) : nil,
        isCompressed ? try Self.expand(values, codec, size: size) : values
      )
    case .first:
      let content = try Self.expand(bytes, codec, size: expandedSize)
      guard isOptional, kind == .data else { return (nil, content) }
      guard content.count >= 4 else { throw .damagedParquet }
      let length = content.slice(0..<4).array.reversed().reduce(0) { $0 << 8 | Int($1) }
      guard length <= content.count - 4 else { throw .damagedParquet }
      return (content.slice(4..<4 + length), content.slice(4 + length..<content.count))
    }
  }

  private static func expand(_ bytes: Buffer<UInt8>, _ codec: Int, size: Int) throws(ImmerseError) -> Buffer<UInt8> {
    if codec == 0 { return bytes }
    // A page without values may be left empty.
    if size == 0 { return Buffer([]) }
    let content: Buffer<UInt8>?
    switch codec {
    case 1: content = Blocks.snappy(bytes, size: size)
    case 2: content = Blocks.gzip(bytes, size: size)
    case 6: content = Blocks.zstd(bytes, size: size)
    case 7: content = Blocks.rawLZ4(bytes, size: size)
    default:
      let name = [3: "LZO", 4: "Brotli", 5: "LZ4 in Hadoop's frames"][codec] ?? "codec \(codec)"
      throw ImmerseError(
        .badData, "the Parquet file is compressed in a way that is not read (\(name))",
        remedy: "write it with zstd, snappy, gzip or lz4_raw, or uncompressed")
    }
    guard let content else { throw .damagedParquet }
    return content
  }
}
