public import Columnar
import Streaming
import Synchronization

/// The averages of a hierarchy, ready to be taken: what goes into each, with which weights and by which method.
public struct FrozenAggregation: FrozenStep, Equatable {
  /// Indicators first, then aggregates, children before parents.
  public let terms: [Term]
  public private(set) var groups: [Hierarchy.Group]
  /// One for each group.
  public let methods: [Aggregation]
  /// The smallest share of an aggregate's children that must have a value.
  public let minimumAvailability: Double
  /// How each indicator's sampling error is to be understood; see `standardErrors`.
  let kinds: [IndicatorKind?]

  enum CodingKeys: String, CodingKey {
    case terms, groups, methods, kinds
    case minimumAvailability = "minimum_availability"
  }

  /// - Parameter methods: one for all aggregates, or one for each level from 2 up.
  /// - Throws: `usage` where there is another number of methods, or a setting is out of range.
  public init(
    _ hierarchy: Hierarchy, methods: [Aggregation] = [.arithmetic], minimumAvailability: Double = 0
  ) throws(ImmerseError) {
    try requireShare(minimumAvailability, "availability_threshold")
    let levels = hierarchy.topLevel - 1
    guard methods.count == 1 || methods.count == levels else {
      throw ImmerseError(
        .usage, "\(methods.count) methods of aggregation for \(counted(levels, "level")) of aggregates",
        remedy: "give one for all levels, or one for each from level 2 up")
    }
    for case .power(let exponent) in methods where exponent == 0 || !exponent.isFinite {
      throw ImmerseError(
        .usage, "the exponent of a power mean must be a number other than 0",
        remedy: "use geometric, which is the limit at 0")
    }
    terms = hierarchy.terms
    groups = hierarchy.groups
    let byLevel = methods.count == 1 ? Array(repeating: methods[0], count: levels) : methods
    self.methods = hierarchy.groups.map { byLevel[hierarchy.terms[$0.target].level - 2] }
    self.minimumAvailability = minimumAvailability
    kinds = hierarchy.indicators.map(\.kind)
  }

  /// A saved aggregation is data like any other: positions that lead nowhere are refused.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    terms = try container.decode([Term].self, forKey: .terms)
    groups = try container.decode([Hierarchy.Group].self, forKey: .groups)
    methods = try container.decode([Aggregation].self, forKey: .methods)
    kinds = try container.decode([IndicatorKind?].self, forKey: .kinds)
    minimumAvailability = try container.decode(Double.self, forKey: .minimumAvailability)
    let first = kinds.count
    let isSound = groups.enumerated().allSatisfy { index, group in
      group.target == first + index && group.children.allSatisfy { 0..<group.target ~= $0 }
        && group.children.count == group.weights.count
    }
    guard isSound, methods.count == groups.count, terms.count == first + groups.count else {
      throw DecodingError.dataCorruptedError(
        forKey: .groups, in: container, debugDescription: "the groups do not fit the terms")
    }
  }

  /// The same averages with the weight of each term multiplied by its factor, under every parent.
  func reweighted(_ factors: [Double]) -> FrozenAggregation {
    var other = self
    other.groups = groups.map { group in
      Hierarchy.Group(
        target: group.target, children: group.children,
        weights: zip(group.children, group.weights).map { factors[$0] * $1 })
    }
    return other
  }

  public func apply(to units: UnitMatrix, notes: inout [Note]) throws(ImmerseError) -> UnitMatrix {
    try apply(to: units, threads: 1, notes: &notes)
  }

  /// One column for each term: the indicators as they are, then the aggregates. Each value is read from memory once.
  ///
  /// - Throws: `badData` where a geometric, harmonic or power mean meets a value it is not defined for.
  public func apply(
    to units: UnitMatrix, threads: Int, notes: inout [Note]
  ) throws(ImmerseError) -> UnitMatrix {
    var indicators: [Buffer<Double>] = []
    for term in terms.prefix(kinds.count) { indicators.append(try units.column(term.code)) }
    let count = units.units.count
    // All aggregates lie in one buffer, one column after the other.
    let averages = try Buffer(count: count * groups.count) { (target) throws(ImmerseError) in
      try average(indicators, into: target, rows: count, threads: threads)
    }
    let columns = indicators + groups.indices.map { averages.slice($0 * count..<($0 + 1) * count) }
    for group in groups {
      let missing = columns[group.target].missingCount
      if missing == 0 { continue }
      notes.append(
        Note(
          "too_few_values",
          "\"\(terms[group.target].code)\" is missing where too few of its parts have a value:"
            + " \(counted(missing, "unit"))"))
    }
    return units.with(terms.map(\.code), columns)
  }

  private func average(
    _ indicators: [Buffer<Double>], into target: UnsafeMutableBufferPointer<Double>, rows: Int, threads: Int
  ) throws(ImmerseError) {
    guard let base = target.baseAddress else { return }
    let table = TermColumns(indicators, averages: base, rows: rows)
    let refusals = Mutex(groups.map { [Int](repeating: 0, count: $0.children.count) })
    try parallelForEach((rows + chunkRows - 1) / chunkRows, threads: threads) { chunk in
      let range = chunk * chunkRows..<min((chunk + 1) * chunkRows, rows)
      let refused = average(table, range)
      refusals.withLock { total in
        for (group, counts) in refused.enumerated() {
          for (child, count) in counts.enumerated() { total[group][child] += count }
        }
      }
    }
    withExtendedLifetime(indicators) {}
    try check(refusals.withLock { $0 })
  }

  /// The averages of some rows, block by block, so that what one aggregate leaves in the cache serves the next.
  /// Returns, for each child of each group, how many values the method is not defined for.
  private func average(_ table: TermColumns, _ range: Range<Int>) -> [[Int]] {
    let scratch = AveragingScratch(children: groups.map(\.children.count).max() ?? 0)
    var refused = groups.map { [Int](repeating: 0, count: $0.children.count) }
    let children = groups.map { $0.children.map { table.column($0) } }
    for start in stride(from: range.lowerBound, to: range.upperBound, by: blockRows) {
      let rows = start..<min(start + blockRows, range.upperBound)
      for (index, group) in groups.enumerated() {
        scratch.average(
          methods[index], children[index], group.weights, rows, minimumAvailability,
          into: table.average(index) + start, refused: &refused[index])
      }
    }
    return refused
  }

  private func check(_ refusals: [[Int]]) throws(ImmerseError) {
    for (index, counts) in refusals.enumerated() {
      guard let child = counts.firstIndex(where: { $0 > 0 }) else { continue }
      let (group, method) = (groups[index], methods[index])
      let limit = method.acceptsZero ? "below zero" : "zero or less"
      throw ImmerseError(
        .badData,
        "has no \(method.method.rawValue) mean into \"\(terms[group.target].code)\": the value is \(limit) in"
          + " \(counted(counts[child], "unit"))",
        variable: terms[group.children[child]].code,
        remedy: "normalise to a positive range such as 1 to 100, or aggregate by the arithmetic mean")
    }
  }
}

/// Where the columns of all terms lie: those of the indicators each on its own, the averages end to end.
private struct TermColumns: @unchecked Sendable {
  private let indicators: [UnsafePointer<Double>?]
  private let averages: UnsafeMutablePointer<Double>
  private let rows: Int

  /// - Precondition: the indicators outlive this table.
  init(_ indicators: [Buffer<Double>], averages: UnsafeMutablePointer<Double>, rows: Int) {
    self.indicators = indicators.map { $0.withUnsafeBufferPointer(\.baseAddress) }
    self.averages = averages
    self.rows = rows
  }

  func average(_ group: Int) -> UnsafeMutablePointer<Double> { averages + group * rows }

  func column(_ term: Int) -> UnsafePointer<Double> {
    if term < indicators.count, let column = indicators[term] { return column }
    return UnsafePointer(average(term - indicators.count))
  }
}
