import Columnar
import Expressions
import ModelFormula
import Streaming

/// One thing to be estimated: a smooth function of the weighted totals of some functions of a row.
///
/// A mean is the quotient of Σw(x − c) and Σw, a ratio that of Σwy and Σwx, a variance a function of the totals of 1, u
/// and u². The shift c, a provisional mean, keeps digits that a large offset would cost.
struct Statistic: Sendable {
  let term: String
  /// What is added up, row by row.
  let terms: RowTerms
  let function: SmoothFunction
  /// How the variance of a simple random sample is found, for the design effect; nil where that is no comparison.
  let comparison: SimpleRandomSample?
  /// Of a quantile, where in the distribution it lies.
  var probability: Double?
  /// By domain, the estimate where an earlier pass has found it, of which the terms are the linearised value; a domain that
  /// is not there has none.
  var known: [Int: Double]?
  /// By domain, what every replicate gives where the estimate is known; NaN where it gives none.
  var knownReplicates: [Int: [Double]] = [:]

  enum SimpleRandomSample: Sendable {
    case ofMean, ofTotal

    /// The variance of a mean or total under simple random sampling without replacement of as many rows; nil for a
    /// single row.
    ///
    /// - Parameters:
    ///   - numerator: Σ w x about the shift.
    ///   - squares: Σ w x² about the shift.
    func variance(numerator: Double, weight: Double, squares: Double, count: Double) -> Double? {
      guard count > 1 else { return nil }
      let quotient = numerator / weight
      let variance = (squares / weight - quotient * quotient) * count / (count - 1)
      let ofMean = variance / count * (1 - count / weight)
      return self == .ofTotal ? ofMean * weight * weight : ofMean
    }
  }

  var columns: [ColumnRequest] { terms.columns }

  /// The column a message about a missing value names.
  var variable: String { terms.variable }
}

/// The functions of a row whose weighted totals a statistic needs.
enum RowTerms: Sendable, Hashable {
  /// (x − shift, 1)
  case number(String, shift: Double)
  /// (y, x)
  case ratio(String, String)
  /// (1 where the category has the code and else 0, 1)
  case share(String, code: Int32)
  /// (1 where the column is at or below the threshold and else 0, 1)
  case atMost(String, Thresholds)
  /// (1, u, u²) with u the standardised column.
  case moments(Standardised)
  /// (1, u, v, u², uv, v²)
  case products(Standardised, Standardised)

  /// (1, the totals' values ...), where all of them are known.
  case expressions(TotalsExpression)
  /// The indicators of the cells of a table, by row and column.
  case table(String, String, rows: Int, columns: Int)
  /// What a row adds to the linearised value of an index of segregation.
  case segregation(SegregationScores)
  /// The score of a row in a model, by coefficient.
  case scores(ModelScores)

  /// A column brought near the range from −1 to 1, exactly: (x − shift) / scale with a power of two for a scale.
  struct Standardised: Sendable, Hashable {
    let name: String
    let shift: Double
    let scale: Double

    init(_ name: String, _ profile: Profile) {
      self.name = name
      let numbers = profile.numbers[name]
      let mean = numbers?.mean ?? 0
      shift = mean.isFinite ? mean : 0
      let reach = max((numbers?.maximum ?? 0) - shift, shift - (numbers?.minimum ?? 0))
      scale = reach > 0 && reach.isFinite ? reach.binade : 1
    }
  }

  /// How many totals there are.
  var width: Int {
    switch self {
    case .number, .ratio, .share, .atMost: 2
    case .moments: 3
    case .segregation: 1
    case .products: 6
    case .expressions(let expression): expression.totals.count + 1
    case .table(_, _, let rows, let columns): rows * columns
    case .scores(let scores): scores.parameters.count
    }
  }

  var columns: [ColumnRequest] {
    switch self {
    case .number(let name, _), .atMost(let name, _): [.number(name)]
    case .ratio(let numerator, let denominator): [.number(numerator), .number(denominator)]
    case .share(let name, _): [.category(name)]
    case .moments(let x): [.number(x.name)]
    case .products(let x, let y): [.number(x.name), .number(y.name)]
    case .table(let a, let b, _, _): [.category(a), .category(b)]
    case .expressions(let expression): expression.columnRequests
    case .segregation(let scores): scores.columns.requests
    case .scores(let scores): scores.design.frame.columnRequests
    }
  }

  var variable: String {
    switch self {
    case .number(let name, _), .share(let name, _), .atMost(let name, _): name
    case .ratio(let numerator, let denominator): "\(numerator)/\(denominator)"
    case .moments(let x): x.name
    case .products(let x, let y): "\(x.name):\(y.name)"
    case .table(let a, let b, _, _): "\(a):\(b)"
    case .expressions(let expression): expression.columnRequests.map(\.name).joined(separator: ", ")
    case .segregation(let scores): "\(scores.columns.group):\(scores.columns.unit)"
    case .scores(let scores): scores.design.frame.variableNames[0]
    }
  }
}

/// The terms of a statistic for the rows of a batch, before weighting.
enum StatisticRows {
  /// The commonest shape: a value, from which the shift is still to be taken, and a denominator, which is nil where it
  /// is 1 in every row. A row without the statistic has NaN as its value.
  case pair(Buffer<Double>, Buffer<Double>?, shift: Double)
  /// Every term; a row without the statistic has NaN as its first.
  case terms([Buffer<Double>])

  /// - Parameter domains: the domain of every row, negative for none.
  init(_ terms: RowTerms, _ batch: Batch, _ domains: [Int]) throws(ImmerseError) {
    switch terms {
    case .number(let name, let shift):
      self = .pair(try batch.numbers(name), nil, shift: shift)
    case .ratio(let numerator, let denominator):
      let (y, x) = (try batch.numbers(numerator), try batch.numbers(denominator))
      let numerators = Buffer<Double>(count: y.count) { target in
        for row in 0..<y.count { target[row] = x[row].isNaN ? .nan : y[row] }
      }
      self = .pair(numerators, x, shift: 0)
    case .share(let name, let code):
      let codes = try batch.categories(name).codes
      let indicators = Buffer<Double>(count: codes.count) { target in
        for row in 0..<codes.count { target[row] = codes[row] < 0 ? .nan : codes[row] == code ? 1 : 0 }
      }
      self = .pair(indicators, nil, shift: 0)
    case .atMost(let name, let thresholds):
      self = .pair(thresholds.indicators(try batch.numbers(name), domains), nil, shift: 0)
    case .moments(let x):
      let u = try x.rows(batch)
      self = .terms([StatisticRows.ones(u, u), u, StatisticRows.product(u, u)])
    case .table(let a, let b, let rows, let columns):
      self = .terms(
        StatisticRows.cells(
          try batch.categories(a).codes, try batch.categories(b).codes, rows: rows, columns: columns))
    case .scores(let scores): self = .terms(try scores.terms(batch))
    case .segregation(let scores): self = .terms([try scores.terms(batch, domains)])
    case .expressions(let expression):
      let values = try expression.totals.map { total throws(ImmerseError) in try total.evaluateNumbers(batch) }
      let ones = values.dropFirst().reduce(StatisticRows.ones(values[0], values[0])) { StatisticRows.ones($0, $1) }
      self = .terms([ones] + values)
    case .products(let x, let y):
      let (u, v) = (try x.rows(batch), try y.rows(batch))
      self = .terms([
        StatisticRows.ones(u, v), u, v, StatisticRows.product(u, u), StatisticRows.product(u, v),
        StatisticRows.product(v, v),
      ])
    }
  }

  /// Every term in every row, 0 where the row lacks the statistic.
  var complete: [[Double]] {
    switch self {
    case .pair(let values, let denominators, let shift):
      let rows = 0..<values.count
      return [
        rows.map { values[$0].isNaN ? 0 : values[$0] - shift },
        rows.map { values[$0].isNaN ? 0 : denominators?[$0] ?? 1 },
      ]
    case .terms(let terms):
      let gate = terms[0]
      return terms.map { term in (0..<term.count).map { gate[$0].isNaN ? 0 : term[$0] } }
    }
  }

  private static func cells(
    _ a: Buffer<Int32>, _ b: Buffer<Int32>, rows: Int, columns: Int
  ) -> [Buffer<Double>] {
    (0..<rows * columns).map { cell in
      Buffer(count: a.count) { target in
        for row in target.indices {
          let isMissing = a[row] < 0 || b[row] < 0
          target[row] = isMissing ? .nan : Int(a[row]) * columns + Int(b[row]) == cell ? 1 : 0
        }
      }
    }
  }

  /// 1, or NaN where one of the two is missing.
  private static func ones(_ u: Buffer<Double>, _ v: Buffer<Double>) -> Buffer<Double> {
    combine(u, v) { $0.isNaN || $1.isNaN ? .nan : 1 }
  }

  private static func product(_ u: Buffer<Double>, _ v: Buffer<Double>) -> Buffer<Double> { combine(u, v, by: *) }

  private static func combine(
    _ u: Buffer<Double>, _ v: Buffer<Double>, by rule: (Double, Double) -> Double
  ) -> Buffer<Double> {
    Buffer(count: u.count) { target in
      u.withUnsafeBufferPointer { u in
        v.withUnsafeBufferPointer { v in
          for row in target.indices { target[row] = rule(u[row], v[row]) }
        }
      }
    }
  }
}

extension RowTerms.Standardised {
  fileprivate func rows(_ batch: Batch) throws(ImmerseError) -> Buffer<Double> {
    let values = try batch.numbers(name)
    let factor = 1 / scale
    return Buffer(count: values.count) { target in
      values.withUnsafeBufferPointer { source in
        for row in target.indices { target[row] = (source[row] - shift) * factor }
      }
    }
  }
}
