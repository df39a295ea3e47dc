public import Columnar
import Probability

/// Factors by which the weights of a hierarchy's terms are multiplied, one row for each draw.
public struct WeightDraws: Sendable, Equatable {
  /// The number of terms.
  public let width: Int
  /// Draw by draw; one factor for each term.
  let factors: [Double]

  public var count: Int { factors.count / width }

  /// Draws of one's own, such as those of another program.
  ///
  /// - Parameter rows: one list for each draw, with one factor of zero or more for each of the hierarchy's terms.
  /// - Throws: `usage` where there is no draw, a row has another length or a factor is negative or not finite.
  public init(_ rows: [[Double]], for hierarchy: Hierarchy) throws(ImmerseError) {
    let width = hierarchy.terms.count
    guard !rows.isEmpty, rows.allSatisfy({ $0.count == width && $0.allSatisfy { $0 >= 0 && $0.isFinite } }) else {
      throw ImmerseError(
        .usage, "weight draws need one factor of zero or more for each of the \(counted(width, "term"))")
    }
    self.init(width: width, factors: rows.flatMap(\.self))
  }

  init(width: Int, factors: [Double]) {
    self.width = width
    self.factors = factors
  }

  /// No change at all: a single draw of ones.
  static func unchanged(_ width: Int) -> WeightDraws {
    WeightDraws(width: width, factors: Array(repeating: 1, count: width))
  }

  /// Draw `d` is the stream `d` of the seed, so that more draws leave the first ones as they are.
  init(_ noise: WeightNoise, count: Int, hierarchy: Hierarchy, seed: UInt64) {
    let streams = RandomStreams(seed: seed, purpose: "weights")
    let isVaried = noise.varies(hierarchy)
    var factors: [Double] = []
    factors.reserveCapacity(count * isVaried.count)
    for draw in 0..<count {
      var stream = streams[draw]
      for isVaried in isVaried {
        let u = stream.uniform()
        factors.append(isVaried ? noise.factor(u) : 1)
      }
    }
    self.init(width: isVaried.count, factors: factors)
  }
}

extension WeightNoise {
  /// The factor at a uniform number.
  func factor(_ u: Double) -> Double { 1 + noise * (2 * u - 1) }

  /// Whether each term's weight is varied: those at the levels asked for that have a sibling.
  func varies(_ hierarchy: Hierarchy) -> [Bool] {
    var varies = [Bool](repeating: false, count: hierarchy.terms.count)
    for group in hierarchy.groups where group.children.count > 1 {
      for child in group.children { varies[child] = levels?.contains(hierarchy.terms[child].level) ?? true }
    }
    return varies
  }

  /// - Throws: `usage` where the noise is out of range or there is no such level of weights.
  func check(_ hierarchy: Hierarchy) throws(ImmerseError) {
    guard noise > 0 && noise < 1 else {
      throw ImmerseError(.usage, "the noise of weights must lie between 0 and 1", variable: "weights")
    }
    let existing = Set(hierarchy.groups.flatMap(\.children).map { hierarchy.terms[$0].level })
    if let stray = levels?.first(where: { !existing.contains($0) }) {
      throw ImmerseError(
        .usage, "there are no weights at level \(stray)", variable: "weights",
        remedy: "indicators are level 1, the aggregates above them level 2")
    }
    guard varies(hierarchy).contains(true) else {
      throw ImmerseError(
        .usage, "no weight can be varied: no aggregate has two parts", variable: "weights", remedy: "leave weights out")
    }
  }
}
