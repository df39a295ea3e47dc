public import Columnar
public import Streaming

/// One known population total: of the units in a category, or of a number over them.
///
/// Variable and category are names joined by colons. A part with a category is a condition; a part with an empty
/// category is a number that is added up: `sex:age` with `girl:7` counts, `sex:income` with `girl:` adds up the income of
/// girls. The variable `(Intercept)` is 1 in every row: its total is the size of the population.
public struct Margin: Sendable, Hashable, Codable {
  /// A column, or several joined by colons for a joint margin.
  public var variable: String
  /// The category's text as it stands in the file; for a joint margin, the categories joined by colons. Empty for the
  /// total of a number.
  public var category: String
  public var total: Double
  /// The part of the population the total belongs to, where weights are calibrated separately in each.
  public var domain: String?
  /// What a miss costs, which calibration then weighs against changing weights; nil or endless where the total is to be
  /// met exactly.
  public var cost: Double?
  /// The standard error of a total that was itself estimated, independently of the others; nil for a known one.
  public var standardError: Double?

  public init(
    variable: String, category: String = "", total: Double, domain: String? = nil, cost: Double? = nil,
    standardError: Double? = nil
  ) {
    self.variable = variable
    self.category = category
    self.total = total
    self.domain = domain
    self.cost = cost
    self.standardError = standardError
  }

  enum CodingKeys: String, CodingKey {
    case variable, category, total, domain, cost
    case standardError = "std_error"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      variable: try container.decode(String.self, forKey: .variable),
      category: try container.decodeIfPresent(String.self, forKey: .category) ?? "",
      total: try container.decode(Double.self, forKey: .total),
      domain: try container.decodeIfPresent(String.self, forKey: .domain),
      cost: try container.decodeIfPresent(Double.self, forKey: .cost),
      standardError: try container.decodeIfPresent(Double.self, forKey: .standardError))
  }

  static let intercept = "(Intercept)"

  private var parts: [(column: String, category: String)] {
    let columns = variable.split(separator: ":").map(String.init).filter { $0 != Margin.intercept }
    let categories = category.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    return zip(columns, categories).map { ($0, $1) }
  }

  /// The columns that have to have a category, and which.
  var conditions: [(column: String, category: String)] { parts.filter { !$0.category.isEmpty } }

  /// The columns whose numbers are multiplied; more than one is refused.
  var numbers: [String] { parts.filter { $0.category.isEmpty }.map(\.column) }

  /// Whether the margin counts units, of which there cannot be fewer than none.
  var counts: Bool { numbers.isEmpty }

  /// What messages call it.
  var name: String {
    let what = category.isEmpty ? variable : "\"\(category)\""
    return domain.map { "\(what) in \($0)" } ?? what
  }
}

extension [Margin] {
  /// - Throws: `usage` where margins and the column of domains contradict each other, `badData` where the margins do.
  func validate(by: String?) throws(ImmerseError) {
    guard !isEmpty else {
      throw ImmerseError(.usage, "no margins to meet", remedy: "give them with --margins")
    }
    if by == nil, let domain = first(where: { $0.domain != nil })?.domain {
      throw ImmerseError(
        .usage, "the margins have domains such as \"\(domain)\", but no column says which rows belong to them",
        remedy: "name it with --by")
    }
    if by != nil, let margin = first(where: { $0.domain == nil }) {
      throw ImmerseError(
        .badData, "the total of \(margin.name) names no domain", variable: margin.variable,
        remedy: "fill in the domain column of the margins")
    }
    for margin in self {
      let columns = margin.variable.split(separator: ":").count
      guard columns > 0, margin.category.split(separator: ":", omittingEmptySubsequences: false).count == columns else {
        throw ImmerseError(
          .badData, "the category \(margin.name) does not have one part for each column of the margin",
          variable: margin.variable, remedy: "join the categories with colons, as the variables are")
      }
      guard margin.numbers.count <= 1 else {
        throw ImmerseError(
          .badData, "a margin adds up at most one number", variable: margin.variable,
          remedy: "derive the product as a column")
      }
      guard margin.total.isFinite, margin.total >= 0 || !margin.counts else {
        throw ImmerseError(
          .badData, "the total of \(margin.name) is not a number that a count can be", variable: margin.variable,
          remedy: "give a total that is zero or positive")
      }
      guard margin.cost.map({ $0 > 0 }) ?? true else {
        throw ImmerseError(
          .badData, "the cost of missing \(margin.name) is not positive", variable: margin.variable,
          remedy: "leave it empty where the total is to be met exactly")
      }
      guard margin.standardError.map({ $0 >= 0 && $0.isFinite }) ?? true else {
        throw ImmerseError(
          .badData, "the standard error of the total of \(margin.name) is none", variable: margin.variable,
          remedy: "leave it empty for a known total")
      }
    }
    let groups = Dictionary(grouping: self) { [$0.domain ?? "", $0.variable, $0.category] }
    if let twice = groups.values.first(where: { $0.count > 1 })?[0] {
      throw ImmerseError(.badData, "the category \(twice.name) has more than one total", variable: twice.variable)
    }
  }
}

extension Margin {
  /// Margins from a table with the columns `variable`, `category`, `total` and, where wanted, `domain`, `cost` and
  /// `std_error`.
  ///
  /// - Throws: `badData` where a column is missing or a total is not a number.
  public static func read(_ source: any Source) throws(ImmerseError) -> [Margin] {
    var columns: [ColumnRequest] = [.category("variable"), .category("category"), .number("total")]
    let hasDomain = source.columnNames.contains("domain")
    if hasDomain { columns.append(.category("domain")) }
    let options = ["cost", "std_error"].filter(source.columnNames.contains)
    columns += options.map { .number($0) }
    try source.require(columns.map(\.name))
    var margins: [Margin] = []
    for index in 0..<source.chunkCount {
      let batch = try source.chunk(index, columns)
      let (variable, category) = (try batch.categories("variable"), try batch.categories("category"))
      let total = try batch.numbers("total")
      let domain = hasDomain ? try batch.categories("domain") : nil
      let numbers = try options.map { o throws(ImmerseError) in (name: o, values: try batch.numbers(o)) }
      for row in 0..<batch.rowCount {
        func option(_ name: String) -> Double? {
          numbers.first { $0.name == name }.map { $0.values[row] }.flatMap { $0.isNaN ? nil : $0 }
        }
        let margin = variable[row].map {
          Margin(
            variable: $0, category: category[row] ?? "", total: total[row], domain: domain.flatMap { $0[row] },
            cost: option("cost"), standardError: option("std_error"))
        }
        guard let margin, margin.total.isFinite, margin.total >= 0 || !margin.counts else {
          throw ImmerseError(
            .badData, "a margin needs a variable, a category and a total that is zero or positive",
            place: ImmerseError.Place(file: source.name, line: batch.firstRow + row + 2),
            remedy: "leave the category empty for the total of a number")
        }
        margins.append(margin)
      }
    }
    return margins
  }
}

extension [Margin] {
  /// The covariance of independently estimated totals, by row; empty where all are known.
  var covariance: [[Double]] {
    if allSatisfy({ ($0.standardError ?? 0) == 0 }) { return [] }
    return indices.map { row in
      indices.map { $0 == row ? (self[row].standardError ?? 0) * (self[row].standardError ?? 0) : 0 }
    }
  }
}
