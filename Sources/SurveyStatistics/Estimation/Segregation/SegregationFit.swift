import Columnar
import Expressions
import Streaming

/// Which rows belong to the group whose segregation is measured, and which unit each row is in.
struct SegregationColumns: Sendable, Hashable {
  /// A column of 0 and 1, or a category of which one level is the group.
  let group: String
  let level: Int32?
  let unit: String

  /// - Throws: `usage` where the variable is not written as `group:unit`, `badData` for a category without two levels.
  init(_ request: EstimateRequest, _ profile: Profile) throws(ImmerseError) {
    (group, unit) = try Statistic.table(request)
    guard let levels = profile.levels[group], profile.numbers[group] == nil else {
      level = nil
      return
    }
    guard levels.count == 2 else {
      throw ImmerseError(
        .badData, "has \(levels.count) levels where the group and the others are two", variable: group,
        remedy: "recode it to two, of which the second is the group")
    }
    level = 1
  }

  var requests: [ColumnRequest] { [level == nil ? .number(group) : .category(group), .category(unit)] }

  /// 1 for a row of the group, 0 for another, NaN for one that does not say.
  ///
  /// - Throws: `badData` for a number that is neither 0 nor 1.
  func membership(_ batch: Batch) throws(ImmerseError) -> [Double] {
    if let level {
      return try batch.categories(group).codes.array.map { $0 < 0 ? .nan : $0 == level ? 1 : 0 }
    }
    let numbers = try batch.numbers(group).array
    if let row = numbers.firstIndex(where: { !($0.isNaN || $0 == 0 || $0 == 1) }) {
      throw ImmerseError(
        .badData, "is neither 0 nor 1", row: batch.firstRow + row, variable: group,
        remedy: "recode it so that 1 is the group and 0 are the others")
    }
    return numbers
  }
}

/// Adds up the composition of every unit in every domain.
struct SegregationFit: Fit {
  let context: ModelContext
  let segregated: SegregationColumns

  var columns: [ColumnRequest] {
    context.request.design.columns + context.request.by.map { .category($0) }
      + (context.filter?.columnRequests ?? []) + segregated.requests + (context.replicates?.columns ?? [])
  }

  var signature: String {
    "segregation \(context.request) \(context.replicate ?? -1) \(context.domains.levels.map(\.names))"
  }

  func makePartial() -> Partial { Partial(fit: self, weights: context.weights) }

  /// By domain, by the unit's code.
  func finish(_ partial: Partial) throws(ImmerseError) -> [Int: [Int: UnitComposition]] {
    var domains: [Int: [Int: UnitComposition]] = [:]
    for (place, key) in partial.units.keys.enumerated() {
      let (domain, unit) = KeyIndex.parts(key)
      domains[domain, default: [:]][unit] = partial.composition(place)
    }
    return domains
  }

  struct Partial: Streaming.Partial {
    let fit: SegregationFit
    fileprivate var weights: RowWeights
    /// Pairs of domain and unit that occur with a weight.
    private(set) var units = KeyIndex()
    /// By pair: the group's weight, the others', and Σ w².
    private var sums: [Double] = []

    fileprivate init(fit: SegregationFit, weights: RowWeights) {
      self.fit = fit
      self.weights = weights
    }

    func composition(_ place: Int) -> UnitComposition {
      UnitComposition(group: sums[3 * place], others: sums[3 * place + 1], squares: sums[3 * place + 2])
    }

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      let weights = try weights.of(batch)
      let keys = try fit.context.domains.keys(batch, where: fit.context.filter)
      let codes = try batch.categories(fit.segregated.unit).codes.array
      let membership = try fit.segregated.membership(batch)
      for row in keys.indices where keys[row] >= 0 && codes[row] >= 0 && !membership[row].isNaN && weights[row] != 0 {
        let weight = weights[row]
        add(
          KeyIndex.pair(keys[row], Int(codes[row])), group: weight * membership[row],
          others: weight * (1 - membership[row]), squares: weight * weight)
      }
    }

    private mutating func add(_ key: UInt64, group: Double, others: Double, squares: Double) {
      let place = units.insert(key)
      if 3 * place == sums.count { sums += [0, 0, 0] }
      sums[3 * place] += group
      sums[3 * place + 1] += others
      sums[3 * place + 2] += squares
    }

    mutating func merge(_ other: Partial) throws(ImmerseError) {
      for (place, key) in other.units.keys.enumerated() {
        let own = other.composition(place)
        add(key, group: own.group, others: own.others, squares: own.squares)
      }
    }

    func write(to blob: inout BlobWriter) {
      blob.write(units.keys)
      blob.write(sums)
    }

    mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
      units = KeyIndex(try blob.keys())
      sums = try blob.doubles()
      let domains = fit.context.domains.levels
      guard sums.count == 3 * units.count,
        units.keys.allSatisfy({ domains.hasCombination(UInt64(KeyIndex.parts($0).first)) })
      else { throw .brokenPartial }
    }
  }
}
