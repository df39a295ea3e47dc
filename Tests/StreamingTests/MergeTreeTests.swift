import Columnar
import Synchronization
import TestSupport
import Testing

@testable import Streaming

@Suite struct MergeTreeTests {
  /// The order in which parts were merged, as text.
  private func merged(_ order: [Int]) throws -> String? {
    let tree = MergeTree<String>(lanes: order.count) { a, b throws(ImmerseError) in "(\(a)\(b))" }
    for lane in order {
      #expect(tree.root == nil || order.count == 1)
      try tree.add("\(lane)", ofLane: lane)
    }
    return tree.root
  }

  @Test func theOrderOfArrivalDoesNotMatter() throws {
    #expect(try merged([]) == nil)
    #expect(try merged([0]) == "0")
    #expect(try merged([0, 1, 2, 3, 4]) == "(((01)(23))4)")
    #expect(try merged([4, 2, 0, 3, 1]) == "(((01)(23))4)")
    #expect(try merged([3, 1, 5, 4, 2, 0]) == "(((01)(23))(45))")
    #expect(try merged(Array((0..<16).reversed())) == merged(Array(0..<16)))
  }

  /// With lanes in order, the parts that wait are those of a binary counter.
  @Test func fewPartsWait() throws {
    let alive = Alive()
    let tree = MergeTree<Part>(lanes: 16) { _, _ throws(ImmerseError) in Part(alive) }
    for lane in 0..<16 { try tree.add(Part(alive), ofLane: lane) }
    // log₂ 16 of them wait, and two merge into a third.
    #expect(alive.peak <= 6)
  }

  private final class Alive: Sendable {
    private let counts = Mutex((now: 0, peak: 0))

    var peak: Int { counts.withLock { $0.peak } }
    func add(_ number: Int) { counts.withLock { $0 = ($0.now + number, max($0.peak, $0.now + number)) } }
  }

  private final class Part: Sendable {
    private let alive: Alive

    init(_ alive: Alive) {
      self.alive = alive
      alive.add(1)
    }

    deinit { alive.add(-1) }
  }
}
