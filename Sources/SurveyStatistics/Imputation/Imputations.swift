import Columnar
import Streaming

/// The imputations of a request: the same request for every set of plausible values.
struct Imputations {
  /// Nest by nest.
  let requests: [[EstimateRequest]]
  /// Whether the imputations differ in more than their statistics: in a model, in the rows that meet the condition, or in
  /// the groups.
  let differInRows: Bool
  private let request: EstimateRequest
  /// The names of quantities, by column.
  private let names: [String: String]

  /// - Throws: `usage` where the quantities of a request do not have the same numbers of imputations.
  init(_ request: EstimateRequest) throws(ImmerseError) {
    self.request = request
    let inRows = Imputations.namesOfRows(request)
    let mentioned = Imputations.names(request)
    var used: [(name: String, columns: [[String]])] = []
    for values in request.plausible where mentioned.contains(values.name) {
      used.append((values.name, try values.columns))
    }
    let nests = used.map(\.columns.count).max() ?? 1
    let members = used.map { $0.columns[0].count }.max() ?? 1
    for values in used {
      guard [1, nests].contains(values.columns.count), [1, members].contains(values.columns[0].count) else {
        throw ImmerseError(
          .usage, "has another number of imputations than the other quantities", variable: values.name,
          remedy: "estimate them one at a time")
      }
    }
    differInRows =
      !used.isEmpty
      && (request.kind.isAnalysis || [.quantile, .segregation].contains(request.kind)
        || used.contains { inRows.contains($0.name) })
    var requests: [[EstimateRequest]] = []
    for nest in 0..<nests {
      requests.append(
        (0..<members).map { member in
          let columns = used.reduce(into: [String: String]()) { columns, values in
            let own = values.columns[values.columns.count == 1 ? 0 : nest]
            columns[values.name] = own[own.count == 1 ? 0 : member]
          }
          let substitution = NameSubstitution(columns)
          var imputed = request
          imputed.plausible = []
          imputed.variables = request.variables.map {
            Imputations.replace($0, by: columns, isFormula: request.kind.isWritten)
          }
          imputed.by = request.by.map { columns[$0] ?? $0 }
          imputed.filter = request.filter.map { substitution($0) }
          return imputed
        })
    }
    self.requests = requests
    names = used.reduce(into: [:]) { names, values in
      for column in values.columns.flatMap(\.self) { names[column] = values.name }
    }
  }

  /// All statistics, and which of them are imputations of one.
  ///
  /// - Throws: `badData` where the imputations of a category do not have the same levels.
  func statistics(_ profile: Profile) throws(ImmerseError) -> (statistics: [Statistic], estimands: [Estimand]) {
    var byImputation: [[[Statistic]]] = []
    for nest in requests {
      byImputation.append(try nest.map { r throws(ImmerseError) in try Statistic.all(r, profile) })
    }
    let first = byImputation[0][0]
    guard byImputation.allSatisfy({ $0.allSatisfy { $0.count == first.count } }) else {
      throw ImmerseError(
        .badData, "the imputations do not have the same levels", variable: names.values.sorted().first,
        remedy: "recode them to the same categories")
    }
    var statistics: [Statistic] = []
    var estimands: [Estimand] = []
    for (position, statistic) in first.enumerated() {
      if byImputation.allSatisfy({ $0.allSatisfy { $0[position].terms == statistic.terms } }) {
        estimands.append(Estimand(term: statistic.term, statistic: statistics.count))
        statistics.append(statistic)
        continue
      }
      var nests: [[Int]] = []
      for nest in byImputation {
        nests.append(Array(statistics.count..<statistics.count + nest.count))
        statistics += nest.map { $0[position] }
      }
      estimands.append(Estimand(term: name(of: statistic.term), nests: nests))
    }
    return (statistics, estimands)
  }

  /// The term in the names of the quantities.
  func name(of term: String) -> String {
    guard request.kind != .proportion else {
      let column = names.keys.filter(term.hasPrefix).max { $0.utf8.count < $1.utf8.count } ?? ""
      return (names[column] ?? "") + term.dropFirst(column.count)
    }
    return names[term] ?? NameSubstitution(names)(term)
  }

  /// The names by which a request may mean a quantity, in its variables, its condition and its groups.
  static func names(_ request: EstimateRequest) -> Set<String> {
    namesOfRows(request).union(
      request.variables.flatMap { variable in
        request.kind.isWritten ? Array(NameSubstitution.names(in: variable)) : [variable] + parts(variable)
      })
  }

  private static func namesOfRows(_ request: EstimateRequest) -> Set<String> {
    Set(request.by).union(request.filter.map(NameSubstitution.names(in:)) ?? [])
  }

  /// The columns that a variable such as `a/b` or `a:b` names.
  private static func parts(_ variable: String) -> [String] {
    variable.split { $0 == "/" || $0 == ":" }.map(String.init)
  }

  private static func replace(_ variable: String, by columns: [String: String], isFormula: Bool) -> String {
    if isFormula { return NameSubstitution(columns)(variable) }
    if let column = columns[variable] { return column }
    var (result, part) = ("", "")
    for character in variable + ":" {
      if character == "/" || character == ":" {
        result += (columns[part] ?? part) + String(character)
        part = ""
      } else {
        part.append(character)
      }
    }
    return String(result.dropLast())
  }
}
