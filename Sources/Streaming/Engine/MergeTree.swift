import Columnar
import Synchronization

/// Merges what the lanes of a pass gathered: neighbours, then neighbours of what they became. The order is fixed, whatever
/// lane ends first, and so is every rounding.
///
/// Two neighbours merge as soon as both are there, on the thread that brought the later one. As lanes are begun in order,
/// no more than log₂(lanes) + threads parts wait at a time, each as large as the groups in the data.
final class MergeTree<Part: Sendable>: Sendable {
  private struct Node: Hashable {
    var height: Int
    var place: Int
  }

  private let laneCount: Int
  private let merge: @Sendable (Part, Part) throws(ImmerseError) -> Part
  private let waiting = Mutex<[Node: Part]>([:])

  init(lanes: Int, merge: @escaping @Sendable (Part, Part) throws(ImmerseError) -> Part) {
    laneCount = lanes
    self.merge = merge
  }

  /// The merger of all lanes; nil before the last of them is there, and without lanes.
  var root: Part? {
    let height = sequence(first: laneCount) { $0 > 1 ? ($0 + 1) / 2 : nil }.reduce(-1) { height, _ in height + 1 }
    return waiting.withLock { $0[Node(height: height, place: 0)] }
  }

  /// - Throws: what merging throws.
  func add(_ part: Part, ofLane lane: Int) throws(ImmerseError) {
    var (part, node, width) = (part, Node(height: 0, place: lane), laneCount)
    while width > 1 {
      let isLeft = node.place.isMultiple(of: 2)
      // The last of an odd number has no neighbour, and moves up as it is.
      if !isLeft || node.place + 1 < width {
        guard let other = partner(of: node, orLeaving: part) else { return }
        part = try isLeft ? merge(part, other) : merge(other, part)
      }
      node = Node(height: node.height + 1, place: node.place / 2)
      width = (width + 1) / 2
    }
    waiting.withLock { $0[node] = part }
  }

  /// The neighbour, taken away where it is there; else the part stays in its place to wait for it.
  private func partner(of node: Node, orLeaving part: Part) -> Part? {
    waiting.withLock { waiting in
      let partner = waiting.removeValue(forKey: Node(height: node.height, place: node.place ^ 1))
      if partner == nil { waiting[node] = part }
      return partner
    }
  }
}
