import Columnar
import Streaming

/// One thing to be estimated, as two totals over the rows: a numerator and a denominator.
///
/// A mean is Σw(x − c) over Σw, a total takes the numerator alone, a ratio is Σwy over Σwx and a share the mean of
/// an indicator. The shift c, a provisional mean, keeps digits that a large offset would cost.
struct Statistic: Sendable {
  enum Values: Sendable {
    case number(String)
    case ratio(String, String)
    /// Whether a category has the code.
    case share(String, code: Int32)
  }

  let term: String
  let values: Values
  let shift: Double
  let kind: EstimateRequest.Kind

  /// The statistics of a request, in the order in which they are reported.
  ///
  /// - Throws: `usage` for a ratio that is not written as one, `badData` for a category without levels.
  static func all(_ request: EstimateRequest, _ profile: Profile) throws(ImmerseError) -> [Statistic] {
    var statistics: [Statistic] = []
    for variable in request.variables {
      switch request.kind {
      case .mean, .total:
        let mean = profile.numbers[variable]?.mean ?? 0
        statistics.append(
          Statistic(term: variable, values: .number(variable), shift: mean.isFinite ? mean : 0, kind: request.kind))
      case .ratio:
        let (numerator, denominator) = try ratio(variable)
        statistics.append(
          Statistic(term: variable, values: .ratio(numerator, denominator), shift: 0, kind: .ratio))
      case .proportion:
        for (code, name) in (profile.levels[variable]?.names ?? []).enumerated() {
          statistics.append(
            Statistic(
              term: variable + name, values: .share(variable, code: Int32(code)), shift: 0, kind: .proportion))
        }
      }
    }
    guard !statistics.isEmpty else {
      throw ImmerseError(.badData, "has no value in any row", variable: request.variables.first)
    }
    return statistics
  }

  /// The columns the statistics of a request will read.
  ///
  /// - Throws: `usage` for a ratio that is not written as one.
  static func columns(_ request: EstimateRequest) throws(ImmerseError) -> [ColumnRequest] {
    var columns: [ColumnRequest] = []
    for variable in request.variables {
      switch request.kind {
      case .mean, .total: columns.append(.number(variable))
      case .proportion: columns.append(.category(variable))
      case .ratio:
        let (numerator, denominator) = try ratio(variable)
        columns += [.number(numerator), .number(denominator)]
      }
    }
    return columns
  }

  var columns: [ColumnRequest] {
    switch values {
    case .number(let name): [.number(name)]
    case .ratio(let numerator, let denominator): [.number(numerator), .number(denominator)]
    case .share(let name, _): [.category(name)]
    }
  }

  private static func ratio(_ text: String) throws(ImmerseError) -> (String, String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
      throw ImmerseError(.usage, "\"\(text)\" is not a ratio", remedy: "write it as numerator/denominator")
    }
    return (parts[0], parts[1])
  }

  /// The column a message about a missing value names.
  var variable: String {
    switch values {
    case .number(let name), .share(let name, _): name
    case .ratio(let numerator, let denominator): "\(numerator)/\(denominator)"
    }
  }
}

/// The numerator and denominator of a statistic, row by row, before weighting.
///
/// A row without the statistic has NaN as its numerator. `denominators` is nil where every denominator is 1.
struct StatisticRows {
  let numerators: Buffer<Double>
  let denominators: Buffer<Double>?

  init(_ statistic: Statistic, _ batch: Batch) throws(ImmerseError) {
    switch statistic.values {
    case .number(let name):
      numerators = try batch.numbers(name)
      denominators = nil
    case .ratio(let numerator, let denominator):
      let (y, x) = (try batch.numbers(numerator), try batch.numbers(denominator))
      numerators = Buffer(count: y.count) { target in
        for row in 0..<y.count { target[row] = x[row].isNaN ? .nan : y[row] }
      }
      denominators = x
    case .share(let name, let code):
      let codes = try batch.categories(name).codes
      numerators = Buffer(count: codes.count) { target in
        for row in 0..<codes.count { target[row] = codes[row] < 0 ? .nan : codes[row] == code ? 1 : 0 }
      }
      denominators = nil
    }
  }
}
