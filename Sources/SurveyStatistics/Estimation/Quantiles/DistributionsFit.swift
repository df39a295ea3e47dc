import Columnar
import Expressions
import Streaming

/// Gathers the values and weights of some variables by domain, and sorts them: what quantiles need of the rows.
struct DistributionsFit: Fit {
  let request: EstimateRequest
  let names: [String]
  let domains: DomainKeys
  let filter: Expression?
  let known: (tree: UnitTree, weights: [Double])?

  var columns: [ColumnRequest] {
    request.design.columns + request.by.map { .category($0) } + (filter?.columnRequests ?? [])
      + names.map { .number($0) }
  }

  var signature: String { "distributions \(request) \(names) \(domains.levels.map(\.names))" }

  func makePartial() -> Partial { Partial(self) }

  /// By variable and domain.
  ///
  /// - Complexity: O(n log n) for each variable; 20 bytes a row and variable until then.
  func finish(_ partial: Partial) throws(ImmerseError) -> [[Int: WeightedDistribution]] {
    partial.rows.map { rows in
      Dictionary(grouping: rows, by: \.domain).mapValues { rows in
        WeightedDistribution(rows.map { (value: $0.value, weight: $0.weight) })
      }
    }
  }

  struct Row: Sendable {
    let value: Double
    let weight: Double
    let domain: Int
  }

  struct Partial: Streaming.Partial {
    private let fit: DistributionsFit
    private var weights: RowWeights
    /// By variable, the rows that have it and a weight that is not zero.
    private(set) var rows: [[Row]]

    init(_ fit: DistributionsFit) {
      self.fit = fit
      weights = RowWeights(fit.request.design, fit.known)
      rows = fit.names.map { _ in [] }
    }

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      let keys = try fit.domains.keys(batch, where: fit.filter)
      let weights = try weights.of(batch)
      for (index, name) in fit.names.enumerated() {
        let values = try batch.numbers(name)
        for row in keys.indices where keys[row] >= 0 && weights[row] != 0 && !values[row].isNaN {
          rows[index].append(Row(value: values[row], weight: weights[row], domain: keys[row]))
        }
      }
    }

    mutating func merge(_ other: Partial) throws(ImmerseError) {
      for index in rows.indices { rows[index] += other.rows[index] }
    }

    func write(to blob: inout BlobWriter) {
      for rows in rows {
        blob.write(rows.map(\.value))
        blob.write(rows.map(\.weight))
        blob.write(rows.map(\.domain))
      }
    }

    mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
      for index in rows.indices {
        let (values, weights, domains) = (try blob.doubles(), try blob.doubles(), try blob.integers())
        guard weights.count == values.count, domains.count == values.count else { throw .brokenPartial }
        rows[index] = values.indices.map { Row(value: values[$0], weight: weights[$0], domain: domains[$0]) }
      }
    }
  }
}
