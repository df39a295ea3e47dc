import Columnar
import LinearAlgebra

/// The best practice of the reference units: what every unit is held against under the weights that are best for itself.
///
/// The score of a unit is the greatest Σ w x over w ≥ 0 for which no reference unit has more than 1. A unit that was not
/// among the reference can have more. Missing parts take no part, neither in the unit nor in those it is held against.
///
/// Source: Melyn and Moesen (1991); Cherchye et al. (2007), Social Indicators Research 82, 111-145.
public struct Frontier: Codable, Sendable, Equatable {
  public let bounds: ShareBounds
  /// Positions of the parts that take part.
  let parts: [Int]
  /// The values of these in the reference units that no other one equals or exceeds in every part.
  let best: [[Double]]

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    bounds = try container.decode(ShareBounds.self, forKey: .bounds)
    parts = try container.decode([Int].self, forKey: .parts)
    best = try container.decode([[Double]].self, forKey: .best)
    try SimplexSolver.require()
  }

  /// - Throws: `usage` where the bounds cannot be met, `badData` where there are too few or too many reference units, one
  ///   has a negative value, or a part is zero in all; `failure` where the solver is not installed.
  init(_ bounds: ShareBounds, _ group: GroupToWeigh, _ method: Aggregation) throws(ImmerseError) {
    try SimplexSolver.require()
    guard method == .arithmetic else {
      throw ImmerseError(
        .usage,
        "weights by benefit of the doubt are those of an arithmetic mean, not of a \(method.method.rawValue) one",
        variable: group.code, remedy: "aggregate this level by arithmetic")
    }
    self.bounds = bounds
    parts = group.weighed
    try bounds.check(parts.count, of: group.code)
    let units = try group.completeUnits(atLeast: 1)
    guard units.rows <= GroupReference.unitLimit else {
      throw group.refusal("\(units.rows) units are too many to be weighed each by itself")
    }
    for (column, part) in parts.enumerated() where !units.column(column).contains(where: { $0 > 0 }) {
      throw group.refusal(
        "\"\(group.children[part])\" is zero or less in every unit, so that its weight has no bound",
        remedy: "normalise to a positive range such as 1 to 100")
    }
    best = Frontier.undominated((0..<units.rows).map { row in (0..<units.columns).map { units[row, $0] } })
  }

  func fits(children: Int) -> Bool {
    parts.allSatisfy { 0..<children ~= $0 } && best.allSatisfy { $0.count == parts.count }
  }

  /// The score of one unit; NaN where its parts are too few to meet the bounds.
  ///
  /// - Parameter values: one for each child, NaN where it is missing.
  func score(_ values: [Double]) -> Double {
    let present = parts.indices.filter { !values[parts[$0]].isNaN }
    guard !present.isEmpty, bounds.isAllowed(present.count) else { return .nan }
    let own = present.map { values[parts[$0]] }
    var program = LinearProgram()
    for row in best { program.require(present.map { row[$0] }, atMost: 1) }
    bounds.bind(&program, bounds.share == .pie ? own : present.map { _ in 1 })
    return program.maximum(of: own) ?? .nan
  }

  /// Whether a part may be zero, as it may not where it must have a share of what the parts contribute.
  var acceptsZero: Bool { bounds.share == .weight || bounds.lower == 0 }

  /// The scores of some rows, counting the values that rule one out.
  ///
  /// - Parameter refused: one for each child.
  func score(
    _ children: [UnsafePointer<Double>], _ rows: Range<Int>, _ isAvailable: (Int) -> Bool,
    into target: UnsafeMutablePointer<Double>, refused: inout [Int]
  ) {
    for row in rows {
      let values = children.map { $0[row] }
      for part in parts where values[part] < 0 || values[part] == 0 && !acceptsZero { refused[part] += 1 }
      target[row - rows.lowerBound] = isAvailable(values.count { $0 == $0 }) ? score(values) : .nan
    }
  }

  /// The rows that no other one equals or exceeds in every part; of equal rows one. O(n²) at worst.
  private static func undominated(_ rows: [[Double]]) -> [[Double]] {
    var kept: [[Double]] = []
    // A row is dominated only by rows of a greater or the same sum, which come before it.
    for row in rows.sorted(by: { $0.reduce(0, +) > $1.reduce(0, +) })
    where !kept.contains(where: { other in zip(other, row).allSatisfy { $0 >= $1 } }) {
      kept.append(row)
    }
    return kept
  }
}
