public import Columnar
public import Streaming

/// What to look at in a column of weights.
public struct DiagnosisRequest: Sendable, Hashable, Codable {
  public var weights: String
  /// The weights they were made from, for g-weights and balance; without it every row started at 1.
  public var base: String?
  /// Columns whose balance is compared: means of numbers, shares of categories.
  public var variables: [String]
  /// Columns whose combinations are looked at apart.
  public var by: [String]

  public init(weights: String, base: String? = nil, variables: [String] = [], by: [String] = []) {
    self.weights = weights
    self.base = base
    self.variables = variables
    self.by = by
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      weights: try container.decode(String.self, forKey: .weights),
      base: try container.decodeIfPresent(String.self, forKey: .base),
      variables: try container.decodeIfPresent([String].self, forKey: .variables) ?? [],
      by: try container.decodeIfPresent([String].self, forKey: .by) ?? [])
  }
}

/// What weights look like, and what they did to the balance of other columns.
public struct DiagnosisResult: Sendable, Hashable {
  public struct Row: Sendable, Hashable {
    public var by: [Group]
    /// Rows whose weight is not zero, and the others.
    public var count: Int
    public var zeros: Int
    public var sum: Double
    public var smallest: Double
    public var largest: Double
    /// Standard deviation (divisor n) over mean of the weights.
    public var variation: Double
    /// n Σw² / (Σw)² = 1 + CV²: what unequal weights alone cost (Kish 1965).
    public var kishEffect: Double
    /// (Σw)² / Σw².
    public var effectiveCount: Double
    /// The range of weight over base weight; nil where no base weight is positive.
    public var smallestFactor: Double?
    public var largestFactor: Double?
    /// How many rows have which g.
    public var factors: [FactorBin]
  }

  /// Rows whose g, the weight over the base weight, is at least `from` and below `to`.
  public struct FactorBin: Sendable, Hashable {
    public var from: Double
    public var to: Double
    public var count: Int
  }

  /// Differences from the base-weighted mean of all rows, in base-weighted standard deviations of all rows.
  public struct Balance: Sendable, Hashable {
    public var by: [Group]
    public var term: String
    /// The base-weighted mean of all rows.
    public var reference: Double
    /// Of the rows whose weight is not zero, with the base weights: 0 unless rows were lost, as non-respondents are.
    public var before: Double?
    /// With the weights themselves.
    public var after: Double?
  }

  public var rows: [Row]
  public var balance: [Balance]
}

/// Looks at weights in one pass.
public enum Diagnosis {
  /// - Throws: `badData` where a weight cannot be one, or all are zero.
  public static func run(
    _ request: DiagnosisRequest, on source: any Source, engine: Engine = Engine()
  ) throws(ImmerseError) -> DiagnosisResult {
    try run(request, of: try Dataset(source, columns: columns(request), engine: engine), engine: engine)
  }

  /// The columns that it reads.
  public static func columns(_ request: DiagnosisRequest) -> [ColumnRequest] {
    request.variables.map { .automatic($0) } + others(request)
  }

  private static func others(_ request: DiagnosisRequest) -> [ColumnRequest] {
    request.by.map { .category($0) } + [.number(request.weights)] + (request.base.map { [.number($0)] } ?? [])
  }

  /// Looks at the weights of a dataset that holds at least the request's columns.
  ///
  /// - Throws: as for a source.
  public static func run(
    _ request: DiagnosisRequest, of dataset: Dataset, engine: Engine
  ) throws(ImmerseError) -> DiagnosisResult {
    let variables = request.variables.map { name in
      ColumnRequest(name, dataset.profile.levels[name] == nil ? .number : .category)
    }
    let columns = variables + others(request)
    var terms: [DiagnosisFit.Term] = []
    for variable in variables {
      if variable.kind == .number {
        let mean = dataset.profile.numbers[variable.name]?.mean ?? 0
        terms.append(.init(name: variable.name, column: variable.name, code: nil, shift: mean.isFinite ? mean : 0))
      } else {
        for (code, level) in (dataset.profile.levels[variable.name]?.names ?? []).enumerated() {
          terms.append(
            .init(name: variable.name + level, column: variable.name, code: Int32(code), shift: 0))
        }
      }
    }
    let fit = DiagnosisFit(
      request: request, columns: columns, terms: terms, domains: try DomainKeys(request.by, dataset.profile))
    return try dataset.fit(fit, with: engine)
  }
}

struct DiagnosisFit: Fit {
  /// A number, or the indicator of a level.
  struct Term: Sendable {
    let name: String
    let column: String
    let code: Int32?
    let shift: Double
  }

  let request: DiagnosisRequest
  let columns: [ColumnRequest]
  let terms: [Term]
  let domains: DomainKeys

  var signature: String { "diagnose \(request) \(terms.map(\.name)) \(domains.levels.map(\.names))" }

  func makePartial() -> Partial { Partial(fit: self) }

  func finish(_ partial: Partial) throws(ImmerseError) -> DiagnosisResult {
    var result = DiagnosisResult(rows: [], balance: [])
    for domain in partial.sums.keys.sorted() {
      guard let sums = partial.sums[domain], sums.weight > 0, sums.weight.isFinite else {
        let infinite = partial.sums[domain].map { !$0.weight.isFinite } ?? false
        let place = domains.groups(domain).map(\.level).joined(separator: ", ")
        throw ImmerseError(
          .badData,
          (infinite ? "the weights sum to more than a number can hold" : "all weights are zero")
            + (place.isEmpty ? "" : " in \(place)"), variable: request.weights, remedy: "check the weight column")
      }
      let groups = domains.groups(domain)
      // In units of the largest weight, whose square may be none that a number can hold.
      let effective = sums.relativeSum * sums.relativeSum / sums.relativeSquares
      result.rows.append(
        .init(
          by: groups, count: Int(sums.count), zeros: Int(sums.zeros), sum: sums.weight, smallest: sums.smallest,
          largest: sums.largest, variation: max(0, sums.count / effective - 1).squareRoot(),
          kishEffect: sums.count / effective, effectiveCount: effective,
          smallestFactor: sums.factors.isEmpty ? nil : sums.factors.lowerBound,
          largestFactor: sums.factors.isEmpty ? nil : sums.factors.upperBound, factors: sums.factorCounts.bins))
      for (index, term) in terms.enumerated() {
        let own = sums.terms[index]
        let mean = own.base.first / own.base.weight
        let deviation = max(0, own.base.squares / own.base.weight - mean * mean).squareRoot()
        guard mean.isFinite else { continue }
        func difference(_ sums: TermSums) -> Double? {
          let value = (sums.first / sums.weight - mean) / deviation
          return value.isFinite ? value : nil
        }
        result.balance.append(
          .init(
            by: groups, term: term.name, reference: mean + term.shift, before: difference(own.used),
            after: difference(own.weighted)))
      }
    }
    guard !result.rows.isEmpty else { throw ImmerseError(.badData, "there are no rows to look at") }
    return result
  }

  /// Σw, Σwv and Σwv² over rows that have the value.
  struct TermSums: Sendable {
    var weight = 0.0
    var first = 0.0
    var squares = 0.0

    mutating func add(_ w: Double, _ v: Double) {
      weight += w
      first += w * v
      squares += w * v * v
    }
  }

  /// A range that may be empty.
  struct Extent: Sendable {
    var lowerBound = Double.infinity
    var upperBound = -Double.infinity
    var isEmpty: Bool { lowerBound > upperBound }
  }

  struct DomainSums: Sendable {
    var count = 0.0
    var zeros = 0.0
    var weight = 0.0
    var smallest = Double.infinity
    var largest = 0.0
    /// Σw and Σw² in units of `largest`.
    var relativeSum = 0.0
    var relativeSquares = 0.0
    var factors = Extent()
    var factorCounts = FactorCounts()
    var terms: [(base: TermSums, used: TermSums, weighted: TermSums)]

    mutating func add(_ w: Double, base: Double) {
      guard w > 0 else {
        zeros += 1
        return
      }
      count += 1
      weight += w
      smallest = min(smallest, w)
      rescale(to: w)
      relativeSum += w / largest
      relativeSquares += (w / largest) * (w / largest)
      if base > 0 {
        factors.lowerBound = min(factors.lowerBound, w / base)
        factors.upperBound = max(factors.upperBound, w / base)
        factorCounts.add(w / base)
      }
    }

    mutating func rescale(to other: Double) {
      guard other > largest else { return }
      relativeSum *= largest / other
      relativeSquares *= (largest / other) * (largest / other)
      largest = other
    }

    mutating func merge(_ other: DomainSums) {
      var other = other
      rescale(to: other.largest)
      other.rescale(to: largest)
      count += other.count
      zeros += other.zeros
      weight += other.weight
      smallest = min(smallest, other.smallest)
      relativeSum += other.relativeSum
      relativeSquares += other.relativeSquares
      factors.lowerBound = min(factors.lowerBound, other.factors.lowerBound)
      factors.upperBound = max(factors.upperBound, other.factors.upperBound)
      factorCounts.merge(other.factorCounts)
      for index in terms.indices {
        let theirs = other.terms[index]
        terms[index].base.merge(theirs.base)
        terms[index].used.merge(theirs.used)
        terms[index].weighted.merge(theirs.weighted)
      }
    }
  }

  struct Partial: Streaming.Partial {
    let fit: DiagnosisFit
    fileprivate(set) var sums: [Int: DomainSums] = [:]

    init(fit: DiagnosisFit) { self.fit = fit }

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      let weights = try batch.weights(fit.request.weights)
      let base = try fit.request.base.map { c throws(ImmerseError) in try batch.weights(c) }
      let domain = try fit.domains.keys(batch, where: nil)
      var columns: [[Double]] = []
      for term in fit.terms {
        if let code = term.code {
          columns.append(try batch.categories(term.column).codes.array.map { $0 < 0 ? .nan : $0 == code ? 1 : 0 })
        } else {
          columns.append(try batch.numbers(term.column).array.map { $0 - term.shift })
        }
      }
      let empty = DomainSums(terms: fit.terms.map { _ in (TermSums(), TermSums(), TermSums()) })
      for row in domain.indices where domain[row] >= 0 {
        let (w, start) = (weights[row], base?[row] ?? 1)
        sums[domain[row], default: empty].add(w, base: start)
        for (index, column) in columns.enumerated() where column[row].isFinite {
          sums[domain[row]]?.terms[index].base.add(start, column[row])
          if w > 0 { sums[domain[row]]?.terms[index].used.add(start, column[row]) }
          sums[domain[row]]?.terms[index].weighted.add(w, column[row])
        }
      }
    }

    mutating func merge(_ other: Partial) throws(ImmerseError) {
      for (domain, theirs) in other.sums {
        if sums[domain] == nil { sums[domain] = theirs } else { sums[domain]?.merge(theirs) }
      }
    }

    func write(to blob: inout BlobWriter) {
      blob.write(sums.keys.sorted())
      for key in sums.keys.sorted() {
        guard let s = sums[key] else { continue }
        blob.write([
          s.count, s.zeros, s.weight, s.smallest, s.largest, s.relativeSum, s.relativeSquares, s.factors.lowerBound,
          s.factors.upperBound,
        ])
        s.factorCounts.write(to: &blob)
        blob.write(
          s.terms.flatMap { term in
            [term.base, term.used, term.weighted].flatMap { [$0.weight, $0.first, $0.squares] }
          })
      }
    }

    mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
      for key in try blob.integers() {
        let head = try blob.doubles()
        var counts = FactorCounts()
        try counts.read(from: &blob)
        let records = try blob.records(of: 9)
        guard let combination = UInt64(exactly: key), fit.domains.levels.hasCombination(combination),
          head.count == 9, head[0].isRowCount, head[1].isRowCount, records.count == fit.terms.count
        else { throw .brokenPartial }
        sums[key] = DomainSums(
          count: head[0], zeros: head[1], weight: head[2], smallest: head[3], largest: head[4], relativeSum: head[5],
          relativeSquares: head[6], factors: Extent(lowerBound: head[7], upperBound: head[8]), factorCounts: counts,
          terms: records.map { r in
            (
              TermSums(weight: r[0], first: r[1], squares: r[2]), TermSums(weight: r[3], first: r[4], squares: r[5]),
              TermSums(weight: r[6], first: r[7], squares: r[8])
            )
          })
      }
    }
  }
}

extension DiagnosisFit.TermSums {
  fileprivate mutating func merge(_ other: DiagnosisFit.TermSums) {
    weight += other.weight
    first += other.first
    squares += other.squares
  }
}
