import Columnar
import Foundation
import Streaming
import TestSupport
import Testing

@testable import DataFormats

/// Damaged files are refused or read as something else; they never bring the process down.
@Suite("Damaged files")
struct DamageTests {
  /// Some bytes changed, or the end cut off.
  func damage(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var bytes = bytes
    if random.chance(0.2) { bytes.removeLast(Int.random(in: 1...bytes.count, using: &random)) }
    guard !bytes.isEmpty else { return bytes }
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let position = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: bytes[position] ^= 1 << UInt8.random(in: 0...7, using: &random)
      case 1: bytes[position] = 0xff
      case 2: bytes[position] = 0
      default: bytes[position] = UInt8.random(in: 0...255, using: &random)
      }
    }
    return bytes
  }

  /// Reads every cell in every form. Whatever is wrong is said to be the file's fault.
  func readAll(_ source: any RandomAccessSource) throws {
    for name in source.columnNames {
      for request in [ColumnRequest.native(name), .number(name), .category(name), .verbatim(name)] {
        for chunk in 0..<min(source.chunkCount, 2) {
          do throws(ImmerseError) {
            let batch = try source.chunk(chunk, [request])
            _ = try CSVEncoder(separator: 44).encode(batch)
            _ = batch[name]?.cells
          } catch {
            #expect(error.kind == .badData)
          }
        }
      }
    }
  }

  @Test(
    "Arrow", arguments: ["types", "batches", "replaced", "delta", "other_types", "lz4", "zstd", "types_zstd", "times"])
  func arrow(name: String) throws {
    let bytes = Array(try Data(contentsOf: TestFiles.golden("arrow/\(name).arrow")))
    var random = SplitMix(UInt64(name.count))
    var read = 0
    for _ in 0..<300 {
      let damaged = damage(bytes, &random)
      guard let source = try? ArrowSource(try FileBytes(damaged), name: "damaged") else { continue }
      try readAll(source)
      read += 1
    }
    // Otherwise nothing beyond the opening would have been tried.
    #expect(read > 0)
  }

  @Test("Arrow metadata: every byte, one at a time")
  func arrowMetadata() throws {
    let bytes = Array(try Data(contentsOf: TestFiles.golden("arrow/replaced.arrow")))
    for position in bytes.indices {
      for value: UInt8 in [0, 1, 0x7f, 0x80, 0xff] {
        var damaged = bytes
        damaged[position] = value
        guard let source = try? ArrowSource(try FileBytes(damaged), name: "damaged") else { continue }
        _ = try? source.rows(0..<min(source.rowCount, 10), source.columnNames.map { .native($0) })
      }
    }
  }

  /// Counts of columns, of buffers and of rows, lengths and offsets: whatever stands there claims more than there is, less
  /// than nothing, or points back to itself.
  @Test("Arrow metadata: every word, one at a time")
  func arrowWords() throws {
    let bytes = Array(try Data(contentsOf: TestFiles.golden("arrow/replaced.arrow")))
    for position in stride(from: 0, to: bytes.count - 3, by: 4) {
      for word: UInt32 in [0, 4, 1 << 30, 1 << 31 - 1, 1 << 31, .max, UInt32(position), 0 &- UInt32(position)] {
        var damaged = bytes
        for byte in 0..<4 { damaged[position + byte] = UInt8(truncatingIfNeeded: word >> (8 * UInt32(byte))) }
        guard let source = try? ArrowSource(try FileBytes(damaged), name: "damaged") else { continue }
        #expect(source.columnNames.count < 100)
        _ = try? source.rows(0..<min(source.rowCount, 10), source.columnNames.map { .native($0) })
      }
    }
  }

  @Test(
    "Parquet",
    arguments: [
      "pyarrow_zstd_v2", "pyarrow_gzip_pages", "pyarrow_lz4_plain", "pyarrow_uncompressed", "pyarrow_lengths",
      "pyarrow_prefixes", "polars_snappy", "duckdb_v2", "times", "int96", "factors", "nested",
    ])
  func parquet(name: String) throws {
    let bytes = Array(try Data(contentsOf: TestFiles.golden("parquet/\(name).parquet")))
    var random = SplitMix(UInt64(name.count))
    var read = 0
    for _ in 0..<60 {
      let damaged = damage(bytes, &random)
      guard let source = try? ParquetSource(try FileBytes(damaged), name: "damaged") else { continue }
      try readAll(source)
      read += 1
    }
    #expect(read > 0)
  }

  @Test("Parquet footer: every byte, one at a time")
  func parquetFooter() throws {
    let bytes = Array(try Data(contentsOf: TestFiles.golden("parquet/int96.parquet")))
    for position in bytes.indices {
      for value: UInt8 in [0, 1, 0x15, 0x7f, 0x80, 0xff] {
        var damaged = bytes
        damaged[position] = value
        guard let source = try? ParquetSource(try FileBytes(damaged), name: "damaged") else { continue }
        _ = try? source.rows(0..<min(source.rowCount, 10), source.columnNames.map { .native($0) })
      }
    }
  }

  @Test("CSV", arguments: 0..<4)
  func csv(seed: Int) throws {
    var random = SplitMix(UInt64(seed))
    for _ in 0..<250 {
      let (text, _) = CSVDifferentialTests.table(&random)
      let damaged = damage(text, &random)
      let pace = CSVSource.Pace(blockBytes: 64, cells: 8)
      guard
        let source = try? CSVSource(
          try FileBytes(damaged), name: "damaged", dialect: CSVDialect(), threads: 1, pace: pace)
      else { continue }
      try readAll(source)
    }
  }

  @Test("gzip")
  func gzip() throws {
    let bytes = Array(try Data(contentsOf: TestFiles.golden("csv/sample.csv.gz")))
    var random = SplitMix(1)
    for _ in 0..<500 {
      _ = try? FileBytes(damage(bytes, &random)).inflated(name: "damaged")
    }
  }

  @Test("zstd, whole or not")
  func zstd() throws {
    let bytes = Array(try Data(contentsOf: TestFiles.golden("csv/sample.csv.zst")))
    let whole = try FileBytes(bytes).expanded(name: "whole")
    #expect(whole.buffer.array == Array(try Data(contentsOf: TestFiles.dataset("api/apiclus1.csv"))))
    #expect(try FileBytes(bytes + bytes).expanded(name: "twice").buffer.count == 2 * whole.buffer.count)
    for end in [5, 100, bytes.count - 1] {
      #expect(throws: ImmerseError.self) { try FileBytes(Array(bytes[..<end])).expanded(name: "cut") }
    }
    var random = SplitMix(2)
    for _ in 0..<500 {
      _ = try? FileBytes(damage(bytes, &random)).expanded(name: "damaged")
    }
  }
}
