import Columnar
import Synchronization
import TestSupport
import Testing

/// Memory that tells when it is released.
private final class Owner {
  let memory: UnsafeMutablePointer<Int32>
  let released: Released

  init(_ values: [Int32], _ released: Released) {
    memory = .allocate(capacity: values.count)
    memory.initialize(from: values, count: values.count)
    self.released = released
  }

  deinit {
    memory.deallocate()
    released.count.add(1, ordering: .relaxed)
  }
}

private final class Released: Sendable {
  let count = Atomic<Int>(0)
}

@Suite struct BufferTests {
  @Test func aSliceSharesTheMemory() throws {
    let buffer = Buffer<Int32>([0, 1, 2, 3, 4, 5])
    let slice = buffer.slice(2..<5)
    #expect(slice.array == [2, 3, 4])
    #expect(slice.slice(1..<1).count == 0)
    #expect(slice.slice(1..<3).array == [3, 4])
    #expect(slice[2] == 4)
    let sum = (0..<slice.span.count).reduce(0) { $0 + slice[$1] }
    #expect(sum == 9)
    let distance = buffer.withUnsafeBufferPointer { whole in
      slice.withUnsafeBufferPointer { part in part.baseAddress.map { $0 - (whole.baseAddress ?? $0) } }
    }
    #expect(distance == 2)
  }

  @Test func theOwnerLivesAsLongAsTheLastSlice() {
    let released = Released()
    var slice: Buffer<Int32>?
    do {
      let owner = Owner([7, 8, 9], released)
      let whole = Buffer(owner: owner, base: UnsafePointer(owner.memory), count: 3)
      slice = whole.slice(1..<3)
    }
    #expect(released.count.load(ordering: .relaxed) == 0)
    #expect(slice?.array == [8, 9])
    slice = nil
    #expect(released.count.load(ordering: .relaxed) == 1)
  }

  @Test func emptyBuffers() {
    #expect(Buffer<Double>([]).array.isEmpty)
    #expect(Buffer<Double>(owner: nil, base: nil, count: 0).slice(0..<0).array.isEmpty)
    let none = Buffer<Double>(owner: nil, base: nil, count: 0)
    let isEmpty = none.span.isEmpty
    #expect(isEmpty)
  }

  @Test func memoryIsAlignedToCacheLines() {
    for count in [1, 3, 1000] {
      let address = Buffer([UInt8](repeating: 1, count: count)).withUnsafeBufferPointer {
        UInt(bitPattern: $0.baseAddress)
      }
      #expect(address % 64 == 0)
    }
  }

  @Test func aFailedInitializerThrows() {
    let failure = ImmerseError(.failure, "stop")
    let error = #expect(throws: ImmerseError.self) {
      _ = try Buffer<Int>(count: 3) { (_: UnsafeMutableBufferPointer<Int>) throws(ImmerseError) in throw failure }
    }
    #expect(error == failure)
  }
}

@Suite struct BitmapTests {
  private let pattern: @Sendable (Int) -> Bool = { $0 % 3 == 0 || $0 % 7 == 2 }

  @Test func everySliceReadsItsBits() {
    let bitmap = Bitmap(count: 40, where: pattern)
    for lower in 0...40 {
      for upper in lower...40 {
        let slice = bitmap.slice(lower..<upper)
        let bits = (0..<slice.count).map { slice[$0] }
        #expect(bits == (lower..<upper).map(pattern))
        #expect(slice.unsetCount == bits.count { !$0 })
        let packed = Bitmap(bytes: slice.packedBytes, count: slice.count)
        #expect((0..<packed.count).map { packed[$0] } == bits)
        #expect(slice.packedBytes.count == (slice.count + 7) / 8)
      }
    }
  }

  @Test func aSliceOfASliceAddsOffsets() {
    let slice = Bitmap(count: 100, where: pattern).slice(5..<90).slice(9..<60)
    #expect((0..<slice.count).map { slice[$0] } == (14..<65).map(pattern))
  }

  @Test func bitsBeginAnywhereInTheBytes() {
    let bitmap = Bitmap(bytes: Buffer([0b1010_0000, 0b0000_0101]), offset: 5, count: 6)
    #expect((0..<6).map { bitmap[$0] } == [true, false, true, true, false, true])
  }
}

@Suite struct TextBufferTests {
  @Test func rowsAndSlices() {
    let text = TextBuffer(["a", "", "größe", "🇧🇪"])
    #expect((0..<text.count).map { text[$0] } == ["a", "", "größe", "🇧🇪"])
    let slice = text.slice(1..<3)
    #expect(slice.count == 2)
    #expect([slice[0], slice[1]] == ["", "größe"])
    #expect(text.slice(4..<4).count == 0)
    #expect(TextBuffer([]).count == 0)
  }
}
