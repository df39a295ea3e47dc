public import Columnar
import LinearAlgebra

/// What the scores of units tell of the index itself: how its terms are distributed, hang together and matter.
public struct ScoreAnalysis: Codable, Sendable, Equatable {
  /// The distribution of a term's scores over units.
  public struct Statistics: Codable, Sendable, Equatable {
    public var term: String
    public var count: Int
    public var missing: Int
    public var mean: Double?
    /// Divisor n - 1; weights rescaled to a mean of 1.
    public var standardDeviation: Double?
    public var minimum: Double?
    public var median: Double?
    public var maximum: Double?
    /// Of the units, without weights.
    public var shape: Shape

    enum CodingKeys: String, CodingKey {
      case term, count, missing, mean, minimum, median, maximum, shape
      case standardDeviation = "std_dev"
    }
  }

  /// A part of an aggregate.
  public struct Part: Codable, Sendable, Equatable {
    public var aggregate: String
    public var term: String
    /// Its weight among the aggregate's parts; the product of weights down the tree for parts of parts.
    public var weight: Double
    /// Pearson's, over the units that have both.
    public var correlation: Double?
    /// weight · cov(part, aggregate) / var(aggregate). For arithmetic means of complete scores the shares of the parts at
    /// one level sum to 1; nil for other means.
    public var covarianceShare: Double?

    enum CodingKeys: String, CodingKey {
      case aggregate, term, weight, correlation
      case covarianceShare = "covariance_share"
    }
  }

  /// How the parts of an aggregate hang together.
  public struct Coherence: Codable, Sendable, Equatable {
    public var aggregate: String
    public var parts: [String]
    /// Cronbach's alpha from pairwise covariances; nil for a single part or where the sum does not vary.
    public var alpha: Double?
    /// Of the correlation matrix, descending; empty where a correlation is not defined.
    public var eigenvalues: [Double]
    /// Of the first principal component, of length 1, its largest element positive.
    public var loadings: [Double]

    enum CodingKeys: String, CodingKey { case aggregate, parts, alpha, eigenvalues, loadings }
  }

  /// The terms in which a unit stands best or worst among all units.
  public struct Profile: Codable, Sendable, Equatable {
    public var unit: String
    public var strengths: [String]
    public var weaknesses: [String]

    enum CodingKeys: String, CodingKey { case unit, strengths, weaknesses }
  }

  public let terms: [String]
  public let statistics: [Statistics]
  /// Pearson's correlations of all terms, row by row; nil where fewer than three units have both or one does not vary.
  public let correlations: [[Double?]]
  /// Direct parts of every aggregate, then parts of parts.
  public let parts: [Part]
  public let coherence: [Coherence]
  public let profiles: [Profile]

  enum CodingKeys: String, CodingKey { case terms, statistics, correlations, parts, coherence, profiles }

  /// - Parameters:
  ///   - weights: of the units, such as their numbers of children; nil to count them equally.
  ///   - listed: how many strengths and weaknesses are named.
  /// - Throws: `usage` where weights are of another length, negative or not finite.
  ///
  /// O(terms² · units).
  public init(of result: ScoreResult, weights: [Double]? = nil, listed: Int = 3) throws(ImmerseError) {
    let units = result.units.count
    if let weights {
      guard weights.count == units, weights.allSatisfy({ $0 >= 0 && $0.isFinite }), weights.contains(where: { $0 > 0 })
      else { throw ImmerseError(.usage, "there must be one weight of zero or more for each unit") }
    }
    let columns = result.estimates.map(\.array)
    let moments = PairMoments(columns, weights ?? Array(repeating: 1, count: units))
    terms = result.terms.map(\.code)
    statistics = zip(result.terms, columns).enumerated().map { index, pair in
      let present = pair.1.filter { !$0.isNaN }.sorted()
      let middle = present.count / 2
      return Statistics(
        term: pair.0.code, count: present.count, missing: units - present.count, mean: moments.mean(index),
        standardDeviation: moments.covariance(index, index).map { $0.squareRoot() }, minimum: present.first,
        median: present.isEmpty
          ? nil : present.count % 2 == 1 ? present[middle] : (present[middle - 1] + present[middle]) / 2,
        maximum: present.last, shape: Shape(present))
    }
    correlations = columns.indices.map { a in columns.indices.map { moments.correlation(a, $0) } }

    let aggregation = result.model.aggregation
    // Positions of the model's terms in the result, which stands from the top down.
    let place = aggregation.terms.map { term in result.terms.firstIndex { $0.code == term.code } ?? 0 }
    let first = aggregation.terms.count - aggregation.groups.count
    var direct: [Part] = []
    var indirect: [Part] = []
    for group in aggregation.groups.reversed() {
      var weight = [Double](repeating: 0, count: aggregation.terms.count)
      weight[group.target] = 1
      var isLinear = true
      for (index, inner) in aggregation.groups.enumerated().reversed() where weight[inner.target] != 0 {
        isLinear = isLinear && aggregation.methods[index] == .arithmetic && !aggregation.hasOwnWeights(index)
        for (child, share) in zip(inner.children, inner.weights) {
          weight[child] += weight[inner.target] * share / inner.weights.reduce(0, +)
        }
      }
      for term in aggregation.terms.indices.reversed() where weight[term] != 0 && term != group.target {
        let (x, y) = (place[term], place[group.target])
        var share: Double?
        if isLinear, let own = moments.covariance(x, y), let all = moments.covariance(y, y), all > 0 {
          share = weight[term] * own / all
        }
        let part = Part(
          aggregate: aggregation.terms[group.target].code, term: aggregation.terms[term].code, weight: weight[term],
          correlation: moments.correlation(x, y), covarianceShare: share)
        if group.children.contains(term) { direct.append(part) } else { indirect.append(part) }
      }
    }
    parts = direct + indirect
    coherence = aggregation.groups.reversed().map { group in
      Self.coherence(
        aggregation.terms[group.target].code, group.children.map { aggregation.terms[$0].code },
        group.children.map { place[$0] }, moments)
    }
    let indicators = (0..<first).map { place[$0] }
    profiles = result.units.indices.map { unit in
      // By rank, not by distance: indicators of different spread stay comparable.
      let ranked = indicators.filter { result.ranks[$0][unit] > 0 }
        .sorted { (result.ranks[$0][unit], $0) < (result.ranks[$1][unit], $1) }
      let count = min(listed, ranked.count / 2)
      return Profile(
        unit: result.units[unit], strengths: ranked.prefix(count).map { result.terms[$0].code },
        weaknesses: ranked.suffix(count).reversed().map { result.terms[$0].code })
    }
  }

  private static func coherence(
    _ aggregate: String, _ parts: [String], _ places: [Int], _ moments: PairMoments
  ) -> Coherence {
    let size = places.count
    let covariances = places.flatMap { a in places.map { moments.covariance(a, $0) } }
    let correlations = places.flatMap { a in places.map { moments.correlation(a, $0) } }
    var result = Coherence(aggregate: aggregate, parts: parts, alpha: nil, eigenvalues: [], loadings: [])
    if !covariances.contains(where: { $0 == nil }) {
      result.alpha = cronbachAlpha(covariances.compactMap(\.self), items: size)
    }
    if !correlations.contains(where: { $0 == nil }),
      let eigen = try? SymmetricEigen(Matrix(rows: size, columns: size, elements: correlations.compactMap(\.self)))
    {
      let order = eigen.values.indices.sorted { eigen.values[$0] > eigen.values[$1] }
      result.eigenvalues = order.map { eigen.values[$0] }
      let loadings = (0..<size).map { eigen.vectors[$0, order[0]] }
      let sign = (loadings.max { $0.magnitude < $1.magnitude } ?? 1) < 0 ? -1.0 : 1
      result.loadings = loadings.map { sign * $0 }
    }
    return result
  }
}

/// Weighted covariances of pairs of columns, each over the rows that have both.
struct PairMoments {
  private let columns: [[Double]]
  private let weights: [Double]

  init(_ columns: [[Double]], _ weights: [Double]) {
    self.columns = columns
    self.weights = weights
  }

  func mean(_ a: Int) -> Double? {
    let rows = weights.indices.filter { weights[$0] > 0 && !columns[a][$0].isNaN }
    let total = rows.reduce(0) { $0 + weights[$1] }
    return total > 0 ? rows.reduce(0) { $0 + weights[$1] * columns[a][$1] } / total : nil
  }

  /// Divisor n - 1, weights rescaled to a mean of 1; nil below two rows.
  func covariance(_ a: Int, _ b: Int) -> Double? { moments(a, b).map(\.ab) }

  /// Nil below three rows, or where a column does not vary.
  func correlation(_ a: Int, _ b: Int) -> Double? {
    guard let m = moments(a, b), m.count > 2, m.aa > 0, m.bb > 0 else { return nil }
    return a == b ? 1 : m.ab / (m.aa * m.bb).squareRoot()
  }

  private func moments(_ a: Int, _ b: Int) -> (ab: Double, aa: Double, bb: Double, count: Int)? {
    let (x, y) = (columns[a], columns[b])
    var (count, total, sx, sy) = (0, 0.0, 0.0, 0.0)
    for row in weights.indices where weights[row] > 0 && !x[row].isNaN && !y[row].isNaN {
      count += 1
      total += weights[row]
      sx += weights[row] * x[row]
      sy += weights[row] * y[row]
    }
    guard count > 1 else { return nil }
    let (mx, my) = (sx / total, sy / total)
    var (ab, aa, bb) = (0.0, 0.0, 0.0)
    for row in weights.indices where weights[row] > 0 && !x[row].isNaN && !y[row].isNaN {
      let (dx, dy) = (x[row] - mx, y[row] - my)
      ab += weights[row] * dx * dy
      aa += weights[row] * dx * dx
      bb += weights[row] * dy * dy
    }
    let scale = Double(count) / total / Double(count - 1)
    return (ab * scale, aa * scale, bb * scale, count)
  }
}
