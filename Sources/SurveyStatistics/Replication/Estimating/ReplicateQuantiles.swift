import Columnar
import Expressions
import Streaming

/// The quantiles of every replicate, each of its own weighted distribution.
///
/// The values are sorted once. The weights are then read for a few replicates at a time, so that working memory does not
/// grow with their number: O(n log n + n · replicates), and a pass for every `replicatesPerPass` replicates.
struct ReplicateQuantiles {
  let request: EstimateRequest
  let domains: DomainKeys
  let filter: Expression?
  let weights: ReplicateRowWeights

  private static let replicatesPerPass = 8

  /// By variable and domain, of every probability one quantile a replicate; NaN where all of a replicate's weights are
  /// zero.
  ///
  /// - Throws: `badData` for a weight that cannot be one.
  func quantiles(of dataset: Dataset, with engine: Engine) throws(ImmerseError) -> [[Int: [[Double]]]] {
    let values = try dataset.fit(rows(of: request.variables, 0..<0), with: engine)
    let sorted = values.columns.map { SortedRows.byDomain($0, values.domains) }
    var quantiles = sorted.map { $0.mapValues { _ in request.probabilities.map { _ in [Double]() } } }
    for first in stride(from: 0, to: weights.count, by: Self.replicatesPerPass) {
      let group = first..<min(first + Self.replicatesPerPass, weights.count)
      let own = try dataset.fit(rows(of: [], group), with: engine)
      for column in own.columns {
        for variable in sorted.indices {
          for (domain, rows) in sorted[variable] {
            let distribution = rows.distribution(column)
            for (index, p) in request.probabilities.enumerated() {
              quantiles[variable][domain]?[index].append(distribution.quantile(p, by: request.rule))
            }
          }
        }
      }
    }
    return quantiles
  }

  private func rows(of names: [String], _ replicates: Range<Int>) -> DomainRowsFit {
    DomainRowsFit(names: names, weights: weights, replicates: replicates, domains: domains, filter: filter)
  }
}

/// The rows of one domain that have a value, in ascending order of it; ties keep the order of the rows.
private struct SortedRows {
  private var values: [Double] = []
  private var positions: [Int] = []

  static func byDomain(_ values: [Double], _ domains: [Int]) -> [Int: SortedRows] {
    let rows = Dictionary(grouping: values.indices.filter { !values[$0].isNaN }) { domains[$0] }
    return rows.mapValues { rows in
      let order = rows.sorted { values[$0] == values[$1] ? $0 < $1 : values[$0] < values[$1] }
      return SortedRows(values: order.map { values[$0] }, positions: order)
    }
  }

  func distribution(_ weights: [Double]) -> WeightedDistribution {
    var rows: [(value: Double, weight: Double)] = []
    rows.reserveCapacity(values.count)
    for (value, position) in zip(values, positions) where weights[position] != 0 {
      rows.append((value, weights[position]))
    }
    return WeightedDistribution(sorted: rows)
  }
}

/// Gathers the rows that lie in a domain: some of their values, and the weights of some replicates.
private struct DomainRowsFit: Fit {
  let names: [String]
  let weights: ReplicateRowWeights
  let replicates: Range<Int>
  let domains: DomainKeys
  let filter: Expression?

  var columns: [ColumnRequest] {
    domains.names.map { .category($0) } + (filter?.columnRequests ?? []) + names.map { .number($0) } + weights.columns
  }

  var signature: String { "rows \(names) \(replicates) \(domains.levels.map(\.names)) \(filter?.source ?? "")" }

  func makePartial() -> Partial { Partial(self) }
  func finish(_ partial: Partial) throws(ImmerseError) -> Partial { partial }

  struct Partial: Streaming.Partial {
    private let fit: DomainRowsFit
    private(set) var domains: [Int] = []
    /// By name and then by replicate, one number a row.
    private(set) var columns: [[Double]]

    init(_ fit: DomainRowsFit) {
      self.fit = fit
      columns = Array(repeating: [], count: fit.names.count + fit.replicates.count)
    }

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      let keys = try fit.domains.keys(batch, where: fit.filter)
      let inside = keys.indices.filter { keys[$0] >= 0 }
      domains += inside.map { keys[$0] }
      var sources = try fit.names.map { name throws(ImmerseError) in try batch.numbers(name) }
      if !fit.replicates.isEmpty { sources += try fit.weights.of(batch, fit.replicates) }
      for (index, source) in sources.enumerated() {
        source.withUnsafeBufferPointer { source in
          for row in inside { columns[index].append(source[row]) }
        }
      }
    }

    mutating func merge(_ other: Partial) throws(ImmerseError) {
      domains += other.domains
      for index in columns.indices { columns[index] += other.columns[index] }
    }

    func write(to blob: inout BlobWriter) {
      blob.write(domains)
      for column in columns { blob.write(column) }
    }

    mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
      domains = try blob.integers()
      for index in columns.indices {
        columns[index] = try blob.doubles()
        guard columns[index].count == domains.count else { throw .brokenPartial }
      }
    }
  }
}
