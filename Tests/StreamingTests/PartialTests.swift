import Columnar
import Streaming
import TestSupport
import Testing

@Suite struct SavedPartialTests {
  private let fit = Sum("x", by: "g", levels: Levels(["a", "b"]))

  private func partial() throws -> Sum.Partial {
    var partial = fit.makePartial()
    try partial.absorb(
      Batch([("x", Column([0.1, 0.2, 4])), ("g", Column(.category(Buffer([0, 1, 1]), fit.levels)))], rowCount: 3))
    return partial
  }

  @Test func aSavedPartialIsTheSamePartial() throws {
    let partial = try partial()
    let restored = try SavedPartial.decode(SavedPartial.encode(partial, of: fit), of: fit)
    #expect(try fit.finish(restored) == fit.finish(partial))
    #expect(restored.rows == [1, 2])
  }

  @Test func everyTruncationIsRefused() throws {
    let bytes = SavedPartial.encode(try partial(), of: fit)
    for length in 0..<bytes.count {
      let error = #expect(throws: ImmerseError.self) {
        _ = try SavedPartial.decode(Array(bytes.prefix(length)), of: fit)
      }
      #expect(error?.kind == .badData)
    }
    _ = #expect(throws: ImmerseError.self) { _ = try SavedPartial.decode(bytes + [0], of: fit) }
  }

  @Test func everyFlippedBitIsRefused() throws {
    let bytes = SavedPartial.encode(try partial(), of: fit)
    for bit in 0..<(bytes.count * 8) {
      var damaged = bytes
      damaged[bit >> 3] ^= 1 << UInt8(bit & 7)
      let error = #expect(throws: ImmerseError.self) { _ = try SavedPartial.decode(damaged, of: fit) }
      #expect(error?.kind == .badData)
    }
  }

  @Test func otherRequestsAndVersionsAreNamed() throws {
    let bytes = SavedPartial.encode(try partial(), of: fit)
    for other in [Sum("y", by: "g", levels: fit.levels), Sum("x", by: "g", levels: Levels(["a", "c"]))] {
      let error = #expect(throws: ImmerseError.self) { _ = try SavedPartial.decode(bytes, of: other) }
      #expect(error?.problem == "the saved partial belongs to another request or to other levels")
    }
    var newer = bytes
    newer[8] = 9
    let version = #expect(throws: ImmerseError.self) { _ = try SavedPartial.decode(newer, of: fit) }
    #expect(version?.problem == "the saved partial has format version 9, this program reads 1")
  }

  @Test func hashOfFowlerNollVo() {
    // The published test vectors of FNV-1a, 64 bits.
    #expect(fnv1a("".utf8) == 0xcbf2_9ce4_8422_2325)
    #expect(fnv1a("a".utf8) == 0xaf63_dc4c_8601_ec8c)
    #expect(fnv1a("foobar".utf8) == 0x8594_4171_f739_67e8)
  }
}

@Suite struct BlobTests {
  @Test func everythingWrittenIsReadBack() throws {
    var blob = BlobWriter()
    blob.write(UInt8(255))
    blob.write(Int16(-2))
    blob.write(UInt64.max)
    blob.write(Int64.min)
    blob.write(-0.0)
    blob.write(Double.nan)
    blob.write("größe")
    blob.write([1.5, .infinity])
    blob.write([Int.min, 7])
    blob.write([UInt64.max])
    blob.write(["", "b"])
    blob.write([Double]())
    var reader = BlobReader(blob.bytes)
    #expect(try reader.integer(UInt8.self) == 255)
    #expect(try reader.integer(Int16.self) == -2)
    #expect(try reader.integer(UInt64.self) == .max)
    #expect(try reader.integer(Int64.self) == .min)
    #expect(try reader.double().bitPattern == (-0.0).bitPattern)
    #expect(try reader.double().isNaN)
    #expect(try reader.string() == "größe")
    #expect(try reader.doubles() == [1.5, .infinity])
    #expect(try reader.integers() == [Int.min, 7])
    #expect(try reader.keys() == [.max])
    #expect(try reader.strings() == ["", "b"])
    #expect(try reader.doubles() == [])
    #expect(reader.isAtEnd)
    _ = #expect(throws: ImmerseError.self) { _ = try reader.integer(UInt8.self) }
  }

  @Test func bytesAreLittleEndian() {
    var blob = BlobWriter()
    blob.write(UInt32(0x0102_0304))
    #expect(blob.bytes == [4, 3, 2, 1])
  }

  @Test func lengthsAreNotBelieved() {
    var blob = BlobWriter()
    blob.write(UInt64.max)
    for read in [
      { (r: inout BlobReader) in _ = try r.doubles() }, { r in _ = try r.integers() }, { r in _ = try r.strings() },
      { r in _ = try r.string() }, { r in _ = try r.keys() }, { r in _ = try r.records(of: 2) },
    ] {
      var reader = BlobReader(blob.bytes)
      let error = #expect(throws: ImmerseError.self) { try read(&reader) }
      #expect(error == .brokenPartial)
    }
  }

  @Test func recordsHaveOneWidth() throws {
    var blob = BlobWriter()
    blob.write([1.0, 2, 3, 4])
    var (two, three) = (BlobReader(blob.bytes), BlobReader(blob.bytes))
    #expect(try two.records(of: 2) == [[1, 2], [3, 4]])
    _ = #expect(throws: ImmerseError.self) { _ = try three.records(of: 3) }
  }
}

@Suite struct MomentsTests {
  private func moments(_ values: [Double]) -> Moments {
    var moments = Moments()
    values.withUnsafeBufferPointer { moments.absorb($0) }
    return moments
  }

  @Test(arguments: [0, 1e8, -1e8, 1e12]) func aLargeOffsetCostsNoDigits(offset: Double) {
    // 0, 1, ..., 1000 has the mean 500 and the sum of squared deviations n (n² - 1) / 12 with n = 1001.
    let values = (0...1000).map { offset + Double($0 * 5 % 1001) }
    let squares = 1001.0 * (1001 * 1001 - 1) / 12
    for size in [1, 7, 100, 1001] {
      var merged = Moments()
      for start in stride(from: 0, to: values.count, by: size) {
        merged.merge(moments(Array(values[start..<min(start + size, values.count)])))
      }
      #expect(merged.count == 1001)
      // Each merge rounds the mean once, and the squares by that rounding in relation to the spread.
      let merges = Double(values.count / size)
      let rounding = (offset + 500).ulp
      expectClose(merged.mean, offset + 500, relative: 0, absolute: merges * rounding / 2, "mean by \(size)")
      let spread = (squares / 1001).squareRoot()
      expectClose(merged.squares, squares, relative: 1e-13 + 2 * rounding / spread, "squares by \(size)")
      #expect(merged.minimum == offset && merged.maximum == offset + 1000)
    }
  }

  @Test func manyRoundedTermsKeepTheirMean() {
    // A plain sum of these is off by about 1e-6 of the mean's unit.
    let values = (0..<65_536).map { 1e8 + Double($0 % 16) / 16 + 0.1 }
    let exact = 1e8 + 0.1 + 7.5 / 16
    expectClose(moments(values).mean, exact, relative: 3e-16)
    expectClose(moments(values).standardDeviation, (85.0 / 4 / 256 * 65_536 / 65_535).squareRoot(), relative: 1e-9)
  }

  @Test func missingValuesAreSkipped() {
    let some = moments([.nan, 3, .nan, 5])
    #expect(some.count == 2 && some.mean == 4 && some.squares == 2)
    let none = moments([.nan])
    #expect(none.count == 0 && none.standardDeviation.isNaN)
    var merged = none
    merged.merge(some)
    merged.merge(none)
    #expect(merged.count == 2 && merged.mean == 4 && merged.squares == 2)
    #expect(moments([2]).standardDeviation.isNaN)
  }

  @Test func largeNumbersDoNotOverflow() {
    let large = moments([1e200, 1e200])
    #expect(large.mean == 1e200 && large.squares == 0)
  }
}

@Suite struct KeyIndexTests {
  @Test func keysAreNumberedByFirstAppearance() {
    var index = KeyIndex()
    let keys = (0..<5000).map { UInt64($0 * $0 % 1009) }
    var order: [UInt64] = []
    for key in keys where !order.contains(key) { order.append(key) }
    let numbers = index.numbers(of: keys)
    #expect(index.keys == order)
    #expect(numbers.map { order[Int($0)] } == keys)
    #expect(order.indices.allSatisfy { index.find(order[$0]) == $0 })
    #expect(index.find(5000) == nil)
    #expect(KeyIndex(order).keys == order)
    let pair = KeyIndex.parts(KeyIndex.pair(70_000, 123_456))
    #expect(pair.first == 70_000 && pair.second == 123_456)
  }
}
