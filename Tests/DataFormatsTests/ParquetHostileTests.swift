import Columnar
import Streaming
import TestSupport
import Testing

@testable import DataFormats

/// Parquet files put together by hand, to claim what no program writes.
@Suite("Hostile Parquet files")
struct ParquetHostileTests {
  // Thrift's compact protocol: fields with the distance to the number before, and their types.
  static func varint(_ value: UInt64) -> [UInt8] {
    value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7f) | 0x80] + varint(value >> 7)
  }
  static func integer(_ distance: UInt8, _ value: Int64) -> [UInt8] {
    [distance << 4 | 6] + varint(UInt64(bitPattern: value << 1 ^ value >> 63))
  }
  static func text(_ distance: UInt8, _ value: String) -> [UInt8] {
    [distance << 4 | 8] + varint(UInt64(value.utf8.count)) + Array(value.utf8)
  }
  static func list(_ distance: UInt8, _ structs: [[UInt8]], claimed: UInt64? = nil) -> [UInt8] {
    [distance << 4 | 9, 0xfc] + varint(claimed ?? UInt64(structs.count)) + structs.flatMap { $0 + [0] }
  }
  static func nested(_ distance: UInt8, _ fields: [UInt8]) -> [UInt8] { [distance << 4 | 12] + fields + [0] }

  /// One column of Int64 without missing values.
  static let leaf = integer(1, 2) + integer(2, 0) + text(1, "x")
  static func root(children: Int64) -> [UInt8] { text(4, "schema") + integer(1, children) }
  static func chunk(codec: Int64 = 0, length: Int64, start: Int64) -> [UInt8] {
    nested(3, integer(1, 2) + integer(3, codec) + integer(3, length) + integer(2, start))
  }
  static func group(_ chunks: [[UInt8]], rows: Int64) -> [UInt8] { list(1, chunks) + integer(2, rows) }
  static func page(_ bytes: [UInt8], values: Int64, expanded: Int64? = nil, encoding: Int64 = 0) -> [UInt8] {
    integer(1, 0) + integer(1, expanded ?? Int64(bytes.count)) + integer(1, Int64(bytes.count))
      + nested(2, integer(1, values) + integer(1, encoding)) + [0] + bytes
  }

  static func file(
    _ pages: [UInt8] = [], schema: [UInt8] = list(1, [root(children: 1), leaf]), groups: [[UInt8]]
  ) throws -> ParquetSource {
    let footer = integer(1, 1) + schema + integer(1, 0) + list(1, groups) + [0]
    let length = UInt32(footer.count)
    let tail = (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
    return try ParquetSource(
      try FileBytes(Array("PAR1".utf8) + pages + footer + tail + Array("PAR1".utf8)), name: "hostile")
  }

  func refuses(_ body: () throws -> Void) {
    let error = #expect(throws: ImmerseError.self, performing: body)
    #expect(error?.kind == .badData && error?.place?.file == "hostile")
  }

  @Test("what is put together so is read where it is sound")
  func sound() throws {
    let values: [UInt8] = [7, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]
    let pages = Self.page(values, values: 2)
    let chunk = Self.chunk(length: Int64(pages.count), start: 4)
    let source = try Self.file(pages, groups: [Self.group([chunk], rows: 2)])
    #expect(try source.rows(0..<2, [.number("x")]).numbers("x").array == [7, -1])
  }

  @Test("lists and trees that claim more than there is", arguments: [2, 1 << 20, 1 << 31, UInt64.max])
  func claims(count: UInt64) {
    refuses { _ = try Self.file(schema: Self.list(1, [Self.root(children: 1)], claimed: count), groups: []) }
    let children = Int64(clamping: count)
    refuses { _ = try Self.file(schema: Self.list(1, [Self.root(children: children), Self.leaf]), groups: []) }
    let tree = [Self.root(children: 1), Self.text(4, "group") + Self.integer(1, children), Self.leaf]
    refuses { _ = try Self.file(schema: Self.list(1, tree), groups: []) }
  }

  @Test("structs within structs without end")
  func depth() {
    let deep = [UInt8](repeating: 0xfc, count: 200_000)
    refuses { _ = try Self.file(schema: Self.nested(1, deep), groups: []) }
  }

  @Test("columns that lie outside the file, or over one another")
  func places() {
    for (start, length) in [(4, 1 << 40), (1 << 40, 1), (Int64.max, Int64.max), (-1, 10), (4, -1), (4, 500)] {
      refuses {
        _ = try Self.file(groups: [Self.group([Self.chunk(length: Int64(length), start: Int64(start))], rows: 1)])
      }
    }
    let pages = Self.page([UInt8](repeating: 0, count: 800), values: 100)
    let group = Self.group([Self.chunk(length: Int64(pages.count), start: 4)], rows: 100)
    refuses { _ = try Self.file(pages, groups: [[UInt8]](repeating: group, count: 100)) }
  }

  @Test("pages that claim more rows or bytes than they hold", arguments: [0, 1, 2, 6, 7])
  func pages(codec: Int64) throws {
    let bytes: [UInt8] = codec == 1 ? Self.varint(1 << 31 - 1) + [0, 0] : [1, 2, 3, 4, 5, 6, 7, 8]
    for (values, expanded) in [(1000, 1 << 31 - 1), (1 << 31 - 1, 1 << 31 - 1), (2, 16), (1000, -1), (-5, 8)] {
      for encoding: Int64 in [0, 5, 8, 9, 77] {
        let pages = Self.page(bytes, values: Int64(values), expanded: Int64(expanded), encoding: encoding)
        let chunk = Self.chunk(codec: codec, length: Int64(pages.count), start: 4)
        let source = try Self.file(pages, groups: [Self.group([chunk], rows: 1 << 31 - 1)])
        refuses { _ = try source.rows(0..<2000, [.number("x")]) }
      }
    }
  }

  @Test("groups that claim rows without pages")
  func rows() throws {
    let pages = Self.page([UInt8](repeating: 0, count: 8), values: 1)
    let chunk = Self.chunk(length: Int64(pages.count), start: 4)
    let source = try Self.file(pages, groups: [Self.group([chunk], rows: 1 << 40)])
    refuses { _ = try source.rows(0..<1, [.number("x")]) }
    refuses { _ = try Self.file(pages, groups: [Self.group([chunk], rows: .max)]) }
    refuses { _ = try Self.file(pages, groups: [Self.group([chunk, chunk], rows: 1)]) }
  }
}
