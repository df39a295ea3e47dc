public import Columnar
public import Streaming

/// The indicators of the units as estimated with each of a set of replicate weights, or from each plausible value.
///
/// The variance of whatever is computed from the estimates is `scale` times the sum of squared deviations from the mean
/// of the replicates: 1/R for balanced replicates of R, 1 for paired jackknives, (1 + 1/M) / (M - 1) for what M plausible
/// values add. Each square may have a factor of its own, and deviations may be those from the full sample.
public struct ReplicateEstimates: Sendable {
  /// The codes that differ between replicates.
  public let codes: [String]
  /// Replicate by replicate, code by code, over units; NaN where there is no estimate.
  let values: [[Buffer<Double>]]
  public let scale: Double
  /// One for each replicate.
  public let factors: [Double]
  /// What deviations are from, code by code; nil for the mean of the replicates.
  let centre: [Buffer<Double>]?

  public var count: Int { values.count }

  /// - Parameter values: replicate by replicate, code by code, one value for each unit.
  /// - Throws: `badData` where there are fewer than two replicates or lengths differ, `usage` where the scale is not above
  ///   zero or a factor is below.
  public init(
    _ codes: [String], values: [[Buffer<Double>]], scale: Double, factors: [Double]? = nil,
    centre: [Buffer<Double>]? = nil
  ) throws(ImmerseError) {
    let factors = factors ?? values.map { _ in 1 }
    guard scale > 0 && scale.isFinite, factors.count == values.count,
      factors.allSatisfy({ $0 >= 0 && $0.isFinite })
    else {
      throw ImmerseError(.usage, "the scale of replicates must be above zero, and no factor of one below")
    }
    let units = values.first?.first?.count
    guard values.count > 1, !codes.isEmpty,
      (values + (centre.map { [$0] } ?? [])).allSatisfy({
        $0.count == codes.count && $0.allSatisfy { $0.count == units }
      })
    else { throw ImmerseError(.badData, "there must be two replicates or more, each with all units and indicators") }
    self.codes = codes
    self.values = values
    self.scale = scale
    self.factors = factors
    self.centre = centre
  }

  /// Reads a table with one row for each replicate and unit.
  ///
  /// - Parameters:
  ///   - units: the units wanted; rows of others are left out.
  ///   - unit, replicate: the columns that name units and number replicates.
  ///   - codes: the indicators of the framework; those the table has are read.
  /// - Throws: `badData` where a column is missing, or a unit lacks or repeats a replicate.
  public init(
    reading source: any Source, units: [String], unit: String, replicate: String = "replicate", codes: [String],
    spread: ReplicateTable.Spread, engine: Engine
  ) throws(ImmerseError) {
    let known = Set(source.columnNames)
    let codes = codes.filter(known.contains)
    try source.require([unit, replicate])
    let requests = [.category(unit), .category(replicate)] + codes.map { ColumnRequest.number($0) }
    let dataset = try Dataset(source, columns: requests, engine: engine)
    let count = dataset.profile.levels[replicate]?.count ?? 0
    let place = Dictionary(units.enumerated().map { ($1, $0) }) { first, _ in first }
    let blank = [[Double]](repeating: Array(repeating: .nan, count: units.count), count: codes.count)
    var values = [[[Double]]](repeating: blank, count: count)
    var isSeen = [Bool](repeating: false, count: count * units.count)
    for chunk in 0..<dataset.chunkCount {
      let batch = try dataset.chunk(chunk, requests)
      let (names, numbers) = (try batch.categories(unit), try batch.categories(replicate))
      var columns: [Buffer<Double>] = []
      for code in codes { columns.append(try batch.numbers(code)) }
      for row in 0..<batch.rowCount where names.codes[row] >= 0 && numbers.codes[row] >= 0 {
        guard let own = place[names.levels[Int(names.codes[row])]] else { continue }
        let number = Int(numbers.codes[row])
        guard !isSeen[number * units.count + own] else {
          throw ImmerseError(
            .badData, "the unit has this replicate twice",
            place: source.place(ofRow: batch.firstRow + row, column: unit),
            row: batch.firstRow + row, variable: unit)
        }
        isSeen[number * units.count + own] = true
        for (code, column) in columns.enumerated() { values[number][code][own] = column[row] }
      }
    }
    if let missing = isSeen.firstIndex(of: false) {
      throw ImmerseError(
        .badData, "a replicate is missing for \"\(units[missing % units.count])\"", place: .init(file: source.name),
        variable: replicate, remedy: "give every unit every replicate")
    }
    try self.init(codes, values: values.map { $0.map { Buffer($0) } }, scale: spread.scale(max(count, 2)))
  }

  /// The units with these values, as one replicate or what it is held against has them.
  func replaced(_ units: UnitMatrix, _ values: [Buffer<Double>]) -> UnitMatrix {
    var result = units
    for (code, column) in zip(codes, values) {
      if let index = units.codes.firstIndex(of: code) { result.replace(index, with: column) }
    }
    result.sampling = nil
    return result
  }

  /// The covariance of two quantities, given them from every replicate and from what replicates are held against; NaN where
  /// a replicate lacks one.
  func covariance(_ x: [Double], _ y: [Double], about centre: (x: Double, y: Double)?) -> Double {
    let (mx, my) = centre ?? (mean(x), mean(y))
    return scale * factors.indices.reduce(0) { $0 + factors[$1] * (x[$1] - mx) * (y[$1] - my) }
  }

  /// Of the replicates that count.
  private func mean(_ values: [Double]) -> Double {
    let counted = factors.indices.filter { factors[$0] > 0 }
    return counted.reduce(0) { $0 + values[$1] } / Double(counted.count)
  }

  /// That of two codes in each unit.
  func covariance(_ a: Int, _ b: Int) -> [Double] {
    (0..<values[0][0].count).map { unit in
      covariance(
        values.map { $0[a][unit] }, values.map { $0[b][unit] }, about: centre.map { ($0[a][unit], $0[b][unit]) })
    }
  }
}

extension SamplingErrors {
  /// Errors and covariances from replicates of the same indicators; several sets, such as replicate weights and plausible
  /// values, add up.
  ///
  /// - Throws: `usage` where a set is of another indicator than the framework's sampled ones, or there is none.
  init(_ sets: [ReplicateEstimates], of framework: Framework) throws(ImmerseError) {
    var indicators: [SampledIndicator] = []
    for indicator in framework.indicators where sets.contains(where: { $0.codes.contains(indicator.code) }) {
      indicators.append(try SampledIndicator(indicator))
    }
    guard !indicators.isEmpty else {
      throw ImmerseError(.usage, "the replicates hold none of the framework's indicators")
    }
    let units = sets[0].values[0][0].count
    func sum(_ a: SampledIndicator, _ b: SampledIndicator) -> [Double] {
      var total = [Double](repeating: 0, count: units)
      for set in sets {
        guard let i = set.codes.firstIndex(of: a.code), let j = set.codes.firstIndex(of: b.code) else { continue }
        for (unit, part) in set.covariance(i, j).enumerated() { total[unit] += part }
      }
      return total
    }
    var pairs: [(first: Int, second: Int, values: Buffer<Double>)] = []
    for b in indicators.indices {
      for a in 0..<b { pairs.append((a, b, Buffer(sum(indicators[a], indicators[b])))) }
    }
    try self.init(
      indicators, standardErrors: indicators.map { Buffer(sum($0, $0).map { $0.squareRoot() }) }, covariances: pairs)
  }
}
