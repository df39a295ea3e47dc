public import Columnar
public import Streaming
import Synchronization

/// Adds the score of a response scale and its standard error to every respondent; missing where too few items were
/// answered.
///
/// A score depends on the pattern of answers only, so each pattern is solved once, whatever the number of rows.
public struct ResponseScore: Transform {
  public let scale: ResponseScale
  /// The curves of the items for all groups, then of each group that has parameters of its own.
  private let curves: [[ItemCurve]]
  private let posteriors: [PosteriorMeans]
  /// The position in `curves` of the groups with parameters of their own.
  private let sets: [String: Int]
  private let cache = PatternCache()

  /// - Throws: `usage` where the scale contradicts itself or an item lacks parameters.
  public init(_ scale: ResponseScale) throws(ImmerseError) {
    try scale.check()
    self.scale = scale
    let groups = Set(scale.items.flatMap { ($0.byGroup ?? [:]).keys }).sorted()
    let curves =
      [scale.items.map { ItemCurve($0.parameters) }]
      + groups.map { group in scale.items.map { ItemCurve($0.byGroup?[group] ?? $0.parameters) } }
    self.curves = curves
    sets = Dictionary(uniqueKeysWithValues: groups.enumerated().map { ($1, $0 + 1) })
    posteriors = scale.estimator == .eap ? curves.map { PosteriorMeans($0, scale.population) } : []
  }

  public var inputs: [ColumnRequest] {
    scale.items.map { .number($0.name) } + (sets.isEmpty ? [] : scale.group.map { [.category($0)] } ?? [])
  }

  public var outputs: [Field] { [Field(scale.name, .float64), Field(scale.name + "_se", .float64)] }

  /// The estimate of one pattern on the scale's metric; nil where too few items were answered.
  ///
  /// - Parameters:
  ///   - answers: one category for each item, from 0, after reversal; nil for no answer.
  ///   - group: the respondent's group.
  /// - Precondition: as many answers as items, each a category of its item.
  public func estimate(_ answers: [Int?], group: String? = nil) -> PersonEstimate? {
    precondition(answers.count == scale.items.count, "one answer for each item")
    return estimate(answers.map { $0.map { UInt8($0 + 1) } ?? 0 }, set: group.flatMap { sets[$0] } ?? 0)
  }

  private func estimate(_ codes: [UInt8], set: Int) -> PersonEstimate? {
    let answered = codes.indices.filter { codes[$0] > 0 }
    guard answered.count >= scale.minimumItems ?? 1 else { return nil }
    let raw: PersonEstimate
    switch scale.estimator {
    case .wle:
      raw = PersonEstimate(
        weightedLikelihood: answered.map { curves[set][$0] }, categories: answered.map { Int(codes[$0]) - 1 })
    case .eap: raw = posteriors[set].estimate(answered.map { ($0, Int(codes[$0]) - 1) })
    }
    return PersonEstimate(
      theta: (raw.theta - scale.metric.mean) / scale.metric.sd, standardError: raw.standardError / scale.metric.sd)
  }

  /// - Throws: `badData` where an answer is not one of its item's categories.
  public func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    let patterns = try AnswerPatterns(batch, scale)
    let rowSets = try sets(of: batch)
    let numbers = patterns.numbers
    let count = patterns.codes.count
    // Set by set; one that no row of the batch has is not solved.
    var estimates = [PersonEstimate?](repeating: nil, count: curves.count * count)
    for set in curves.indices where rowSets.map({ $0.contains(Int32(set)) }) ?? (set == 0) {
      estimates.replaceSubrange(set * count..<(set + 1) * count, with: solve(patterns, set: set))
    }
    let places = rowSets.map { sets in numbers.indices.map { sets[$0] * Int32(count) + numbers[$0] } } ?? numbers
    func column(_ value: (PersonEstimate) -> Double) -> Column {
      Column(.float64(looked(up: places, in: estimates.map { $0.map(value) ?? .nan })))
    }
    var scored = batch
    scored.set(scale.name, column(\.theta))
    scored.set(scale.name + "_se", column(\.standardError))
    return scored
  }

  /// Which parameters hold in each row; nil where they are the same for all.
  private func sets(of batch: Batch) throws(ImmerseError) -> [Int32]? {
    guard !sets.isEmpty, let group = scale.group else { return nil }
    let categories = try batch.categories(group)
    let byLevel = (0..<categories.levels.count).map { Int32(sets[categories.levels[$0]] ?? 0) }
    return categories.codes.array.map { $0 < 0 ? 0 : byLevel[Int($0)] }
  }

  /// The estimates of a batch's patterns: those another batch had are not solved again.
  private func solve(_ patterns: AnswerPatterns, set: Int) -> [PersonEstimate?] {
    guard let keys = patterns.keys else { return patterns.codes.map { estimate($0, set: set) } }
    // The set is the last digit.
    let wanted = keys.map { $0 &* UInt64(curves.count) &+ UInt64(set) }
    let known = cache.estimates(wanted)
    var fresh: [UInt64: PersonEstimate?] = [:]
    let estimates = zip(zip(wanted, known), patterns.codes).map { pair, codes -> PersonEstimate? in
      if let known = pair.1 { return known }
      let solved = estimate(codes, set: set)
      fresh[pair.0] = .some(solved)
      return solved
    }
    if !fresh.isEmpty { cache.add(fresh) }
    return estimates
  }
}

private func looked(up places: [Int32], in values: [Double]) -> Buffer<Double> {
  Buffer(count: places.count) { target in
    places.withUnsafeBufferPointer { places in
      values.withUnsafeBufferPointer { values in
        for row in 0..<places.count { target[row] = values[Int(places[row])] }
      }
    }
  }
}

/// The estimates of the patterns seen so far, shared by all threads.
private final class PatternCache: Sendable {
  private let known = Mutex([UInt64: PersonEstimate?]())

  /// Nil where a pattern is new; a known pattern may have no estimate.
  func estimates(_ keys: [UInt64]) -> [PersonEstimate??] {
    known.withLock { known in keys.map { known[$0] } }
  }

  func add(_ fresh: [UInt64: PersonEstimate?]) {
    known.withLock { $0.merge(fresh) { own, _ in own } }
  }
}
