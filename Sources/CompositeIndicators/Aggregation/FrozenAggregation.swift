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
  /// What each group's method compares units with.
  public private(set) var references: [GroupReference]
  /// The smallest share of an aggregate's children that must have a value.
  public let minimumAvailability: Double
  /// Where weights come from and what speaks for and against them.
  public private(set) var weightNotes: [Note] = []
  /// How each indicator's sampling error is to be understood; see `standardErrors`.
  let kinds: [IndicatorKind?]

  enum CodingKeys: String, CodingKey {
    case terms, groups, methods, references, kinds
    case minimumAvailability = "minimum_availability"
    case weightNotes = "weight_notes"
  }

  /// Averages with the framework's weights, by methods that compare no units with each other.
  ///
  /// - Parameter methods: one for all aggregates, or one for each level from 2 up.
  /// - Throws: `usage` where there is another number of methods, one that needs reference units, or a setting is out of
  ///   range.
  public init(
    _ hierarchy: Hierarchy, methods: [Aggregation] = [.arithmetic], minimumAvailability: Double = 0
  ) throws(ImmerseError) {
    try self.init(unfitted: hierarchy, methods, minimumAvailability)
    if let method = methods.first(where: \.needsReference) {
      throw ImmerseError(
        .usage, "\(method.method.rawValue) needs reference units", remedy: "fit the aggregation to normalised units")
    }
  }

  private init(
    unfitted hierarchy: Hierarchy, _ methods: [Aggregation], _ minimumAvailability: Double
  ) throws(ImmerseError) {
    try requireShare(minimumAvailability, "availability_threshold")
    for method in methods { try method.check() }
    let byLevel = try perLevel(methods, hierarchy.topLevel - 1, "methods of aggregation")
    terms = hierarchy.terms
    groups = hierarchy.groups
    self.methods = hierarchy.groups.map { byLevel[hierarchy.terms[$0.target].level - 2] }
    self.minimumAvailability = minimumAvailability
    references = groups.map { _ in .none }
    kinds = hierarchy.indicators.map(\.kind)
  }

  /// Averages whose weights and comparisons are frozen on normalised reference units, from the lowest level up.
  ///
  /// - Parameters:
  ///   - methods: one for all aggregates, or one for each level from 2 up; `weights` likewise.
  ///   - units: normalised, with a column for each indicator.
  /// - Throws: `usage` where there is another number of methods or a setting is out of range; `badData` where the units do
  ///   not allow a method or a way of weighting.
  public init(
    fitting hierarchy: Hierarchy, methods: [Aggregation] = [.arithmetic], weights: [Weighting] = [.framework],
    minimumAvailability: Double = 0, to units: UnitMatrix
  ) throws(ImmerseError) {
    try self.init(unfitted: hierarchy, methods, minimumAvailability)
    let weightsByLevel = try perLevel(weights, hierarchy.topLevel - 1, "ways of weighting")
    if !methods.contains(where: \.needsReference) && weights.allSatisfy({ $0 == .framework }) { return }
    var columns: [Buffer<Double>] = []
    for term in terms.prefix(kinds.count) { columns.append(try units.column(term.code)) }
    for (index, group) in groups.enumerated() {
      let target = terms[group.target]
      let children = group.children.map { columns[$0] }
      let toWeigh = GroupToWeigh(
        code: target.code, children: group.children.map { terms[$0].code }, columns: children, weights: group.weights,
        judgement: hierarchy.judgements[target.code])
      let weighting = weightsByLevel[target.level - 2]
      let found = try weighting.fit(toWeigh)
      groups[index].weights = found.weights
      weightNotes += found.notes
      references[index] =
        if case .bod(let bounds) = weighting {
          .frontier(try Frontier(bounds, toWeigh, self.methods[index]))
        } else {
          try GroupReference(self.methods[index], children, found.weights, name: target.code)
        }
      columns.append(try average(index, children, rows: units.units.count))
    }
  }

  /// One aggregate of all units.
  private func average(
    _ index: Int, _ children: [Buffer<Double>], rows: Int
  ) throws(ImmerseError) -> Buffer<Double> {
    let scratch = AveragingScratch(children: children.count)
    var refused = [Int](repeating: 0, count: children.count)
    let column = Buffer<Double>(count: rows) { target in
      guard let base = target.baseAddress else { return }
      let pointers = children.compactMap { $0.withUnsafeBufferPointer(\.baseAddress) }
      for start in stride(from: 0, to: rows, by: blockRows) {
        scratch.average(
          methods[index], pointers, groups[index].weights, references[index], start..<min(start + blockRows, rows),
          minimumAvailability, into: base + start, refused: &refused)
      }
      withExtendedLifetime(children) {}
    }
    try check(refused, of: index)
    return column
  }

  /// A saved aggregation is data like any other: positions that lead nowhere are refused.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    terms = try container.decode([Term].self, forKey: .terms)
    groups = try container.decode([Hierarchy.Group].self, forKey: .groups)
    methods = try container.decode([Aggregation].self, forKey: .methods)
    references = try container.decode([GroupReference].self, forKey: .references)
    kinds = try container.decode([IndicatorKind?].self, forKey: .kinds)
    minimumAvailability = try container.decode(Double.self, forKey: .minimumAvailability)
    weightNotes = try container.decode([Note].self, forKey: .weightNotes)
    let first = kinds.count
    let isSound = groups.enumerated().allSatisfy { index, group in
      group.target == first + index && group.children.allSatisfy { 0..<group.target ~= $0 }
        && group.children.count == group.weights.count
    }
    guard isSound, methods.count == groups.count, references.count == groups.count,
      terms.count == first + groups.count, zip(references, groups).allSatisfy({ $0.fits(children: $1.children.count) })
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .groups, in: container, debugDescription: "the groups do not fit the terms")
    }
  }

  /// Whether every unit has weights of its own in the group.
  public func hasOwnWeights(_ group: Int) -> Bool {
    if case .frontier = references[group] { true } else { false }
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
    // Rows do not depend on each other, so parts are as small as keeps all threads busy to the end.
    let partRows = 8 * blockRows
    try parallelForEach((rows + partRows - 1) / partRows, threads: threads) { part in
      let range = part * partRows..<min((part + 1) * partRows, rows)
      let refused = average(table, range)
      refusals.withLock { total in
        for (group, counts) in refused.enumerated() {
          for (child, count) in counts.enumerated() { total[group][child] += count }
        }
      }
    }
    withExtendedLifetime(indicators) {}
    for (index, counts) in refusals.withLock({ $0 }).enumerated() {
      try check(counts, of: index)
    }
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
          methods[index], children[index], group.weights, references[index], rows, minimumAvailability,
          into: table.average(index) + start, refused: &refused[index])
      }
    }
    return refused
  }

  /// - Parameter refused: for each child of the group, how many values the method is not defined for.
  private func check(_ refused: [Int], of index: Int) throws(ImmerseError) {
    guard let child = refused.firstIndex(where: { $0 > 0 }) else { return }
    let group = groups[index]
    var name = "\(methods[index].method.rawValue) mean"
    var acceptsZero = if case .power(let exponent) = methods[index] { exponent > 0 } else { false }
    if case .frontier(let frontier) = references[index] {
      (name, acceptsZero) = ("benefit of the doubt", frontier.acceptsZero)
    }
    let limit = acceptsZero ? "below zero" : "zero or less"
    throw ImmerseError(
      .badData,
      "has no \(name) into \"\(terms[group.target].code)\": the value is \(limit) in"
        + " \(counted(refused[child], "unit"))",
      variable: terms[group.children[child]].code,
      remedy: "normalise to a positive range such as 1 to 100, or aggregate by the arithmetic mean")
  }
}

/// A setting for each level of aggregates, from level 2 up.
///
/// - Throws: `usage` where there is neither one for all levels nor one for each.
private func perLevel<Setting>(_ settings: [Setting], _ levels: Int, _ noun: String) throws(ImmerseError) -> [Setting] {
  if settings.count == 1 { return Array(repeating: settings[0], count: max(levels, 0)) }
  guard settings.count == levels else {
    throw ImmerseError(
      .usage, "\(settings.count) \(noun) for \(counted(levels, "level")) of aggregates",
      remedy: "give one for all levels, or one for each from level 2 up")
  }
  return settings
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
