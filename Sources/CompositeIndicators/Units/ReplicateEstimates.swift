public import Columnar
public import Streaming

/// The indicators of the units as estimated with each of a set of replicate weights, or from each plausible value.
///
/// The variance of whatever is computed from the estimates is `scale` times the sum of squared deviations from the mean
/// of the replicates: 1/R for balanced replicates of R, 1 for paired jackknives, (1 + 1/M) / (M - 1) for what M plausible
/// values add.
public struct ReplicateEstimates: Sendable {
  /// The codes that differ between replicates.
  public let codes: [String]
  /// Replicate by replicate, code by code, over units; NaN where there is no estimate.
  let values: [[Buffer<Double>]]
  public let scale: Double

  public var count: Int { values.count }

  /// - Parameter values: replicate by replicate, code by code, one value for each unit.
  /// - Throws: `badData` where there are fewer than two replicates or lengths differ, `usage` where the scale is not above
  ///   zero.
  public init(
    _ codes: [String], values: [[Buffer<Double>]], scale: Double
  ) throws(ImmerseError) {
    guard scale > 0 && scale.isFinite else {
      throw ImmerseError(.usage, "the scale of replicates must be above zero")
    }
    let units = values.first?.first?.count
    guard values.count > 1, !codes.isEmpty,
      values.allSatisfy({ $0.count == codes.count && $0.allSatisfy { $0.count == units } })
    else { throw ImmerseError(.badData, "there must be two replicates or more, each with all units and indicators") }
    self.codes = codes
    self.values = values
    self.scale = scale
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

  /// The units as one replicate has them.
  func replaced(_ units: UnitMatrix, _ replicate: Int) -> UnitMatrix {
    var result = units
    for (code, column) in zip(codes, values[replicate]) {
      if let index = units.codes.firstIndex(of: code) { result.replace(index, with: column) }
    }
    result.sampling = nil
    return result
  }

  /// `scale` times the sum of products of deviations, for each unit; NaN where a replicate has no estimate.
  func covariance(_ a: Int, _ b: Int) -> [Double] {
    (0..<values[0][0].count).map { unit in
      let (x, y) = (values.map { $0[a][unit] }, values.map { $0[b][unit] })
      let (mx, my) = (x.reduce(0, +) / Double(count), y.reduce(0, +) / Double(count))
      return scale * zip(x, y).reduce(0) { $0 + ($1.0 - mx) * ($1.1 - my) }
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
