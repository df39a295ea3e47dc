import Columnar
import Expressions
import Streaming

/// How a request's variables become statistics.
extension Statistic {
  /// The statistics of a request, in the order in which they are reported.
  ///
  /// - Throws: `usage` for a ratio or pair that is not written as one, `badData` for a category without levels.
  static func all(_ request: EstimateRequest, _ profile: Profile) throws(ImmerseError) -> [Statistic] {
    var statistics: [Statistic] = []
    switch request.kind {
    case .mean, .total:
      for name in request.variables {
        let mean = profile.numbers[name]?.mean ?? 0
        let shift = mean.isFinite ? mean : 0
        let isMean = request.kind == .mean
        statistics.append(
          Statistic(
            term: name, terms: .number(name, shift: shift),
            function: isMean ? .quotient(shift: shift) : .total(shift: shift),
            comparison: isMean ? .ofMean : .ofTotal))
      }
    case .ratio:
      for text in request.variables {
        let (numerator, denominator) = try ratio(text)
        statistics.append(
          Statistic(
            term: text, terms: .ratio(numerator, denominator), function: .quotient(shift: 0), comparison: nil))
      }
    case .proportion:
      for variable in request.variables {
        for (code, name) in (profile.levels[variable]?.names ?? []).enumerated() {
          statistics.append(
            Statistic(
              term: variable + name, terms: .share(variable, code: Int32(code)), function: .quotient(shift: 0),
              comparison: .ofMean))
        }
      }
    case .ecdf:
      for name in request.variables {
        for value in request.at {
          statistics.append(
            Statistic(
              term: "\(name)<=\(NumberText.shortest(value))", terms: .atMost(name, .everywhere(value)),
              function: .quotient(shift: 0), comparison: .ofMean))
        }
      }
    case .chisq:
      let (a, b) = try table(request)
      guard let rows = profile.levels[a]?.count, let columns = profile.levels[b]?.count, rows > 0, columns > 0 else {
        break
      }
      statistics.append(
        Statistic(
          term: "\(a):\(b)", terms: .table(a, b, rows: rows, columns: columns), function: .first,
          comparison: nil))
    // Made from quantiles, compositions or a model, which take passes of their own.
    case .quantile, .glm, .ttest, .ranktest, .segregation: return []
    case .function:
      for text in request.variables {
        let expression = try TotalsExpression(parsing: text)
        statistics.append(
          Statistic(term: text, terms: .expressions(expression), function: .written(expression), comparison: nil))
      }
    case .variance, .standardDeviation:
      for name in request.variables {
        let x = RowTerms.Standardised(name, profile)
        statistics.append(
          Statistic(
            term: name, terms: .moments(x),
            function: request.kind == .variance ? .variance(scale: x.scale) : .standardDeviation(scale: x.scale),
            comparison: nil))
      }
    case .covariance, .correlation:
      for (first, second) in try pairs(request.variables) {
        let (x, y) = (RowTerms.Standardised(first, profile), RowTerms.Standardised(second, profile))
        statistics.append(
          Statistic(
            term: "\(first):\(second)", terms: .products(x, y),
            function: request.kind == .correlation ? .correlation : .covariance(scale: x.scale * y.scale),
            comparison: nil))
      }
    }
    guard !statistics.isEmpty else {
      throw ImmerseError(.badData, "has no value in any row", variable: request.variables.first)
    }
    return statistics
  }

  /// The columns the statistics of a request will read.
  ///
  /// - Throws: `usage` for a ratio or pair that is not written as one.
  static func columns(_ request: EstimateRequest) throws(ImmerseError) -> [ColumnRequest] {
    switch request.kind {
    case .mean, .total, .variance, .standardDeviation, .quantile, .ecdf: return request.variables.map { .number($0) }
    case .chisq:
      let (a, b) = try table(request)
      return [.category(a), .category(b)]
    case .glm, .ttest, .ranktest: return try ModelText(request).columns
    case .segregation:
      let (group, unit) = try table(request)
      return [.automatic(group), .category(unit)]
    case .function:
      return try request.variables.map { text throws(ImmerseError) in
        try TotalsExpression(parsing: text).columnRequests
      }.flatMap(\.self)
    case .proportion: return request.variables.map { .category($0) }
    case .covariance, .correlation: return try pairs(request.variables).flatMap { [.number($0), .number($1)] }
    case .ratio:
      var columns: [ColumnRequest] = []
      for text in request.variables {
        let (numerator, denominator) = try ratio(text)
        columns += [.number(numerator), .number(denominator)]
      }
      return columns
    }
  }

  /// The two categories of a test of independence.
  static func table(_ request: EstimateRequest) throws(ImmerseError) -> (String, String) {
    guard request.variables.count == 1, let names = halves(of: request.variables[0], at: ":") else {
      throw ImmerseError(
        .usage, "\"\(request.variables.joined(separator: ","))\" is not a table", remedy: "write it as row:column")
    }
    return names
  }

  private static func ratio(_ text: String) throws(ImmerseError) -> (String, String) {
    guard let parts = halves(of: text, at: "/") else {
      throw ImmerseError(.usage, "\"\(text)\" is not a ratio", remedy: "write it as numerator/denominator")
    }
    return parts
  }

  /// All pairs of the variables, or those that are written as `a:b`.
  private static func pairs(_ variables: [String]) throws(ImmerseError) -> [(String, String)] {
    let written = variables.compactMap { halves(of: $0, at: ":") }
    if !written.isEmpty && written.count == variables.count { return written }
    guard written.isEmpty, variables.count > 1 else {
      throw ImmerseError(
        .usage, "\"\(variables.joined(separator: ","))\" names no pairs of variables",
        remedy: "name two or more columns, or pairs as a:b")
    }
    return variables.indices.flatMap { i in variables[(i + 1)...].map { (variables[i], $0) } }
  }

  private static func halves(of text: String, at sign: Character) -> (String, String)? {
    let parts = text.split(separator: sign, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
    return (parts[0], parts[1])
  }
}
