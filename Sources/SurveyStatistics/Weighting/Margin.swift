public import Columnar
public import Streaming

/// One known population total: so many units in a category, or in a combination of categories.
public struct Margin: Sendable, Hashable, Codable {
  /// A column, or several joined by colons for a joint margin.
  public var variable: String
  /// The category's text as it stands in the file; for a joint margin, the categories joined by colons.
  public var category: String
  public var total: Double
  /// The part of the population the total belongs to, where weights are raked separately in each.
  public var domain: String?

  public init(variable: String, category: String, total: Double, domain: String? = nil) {
    self.variable = variable
    self.category = category
    self.total = total
    self.domain = domain
  }

  var columns: [String] { variable.split(separator: ":").map(String.init) }
  var categories: [String] { category.split(separator: ":", omittingEmptySubsequences: false).map(String.init) }
  /// What messages call it.
  var name: String { domain.map { "\"\(category)\" in \($0)" } ?? "\"\(category)\"" }
}

extension Margin {
  /// Margins from a table with the columns `variable`, `category`, `total` and, where wanted, `domain`.
  ///
  /// - Throws: `badData` where a column is missing or a total is not a number.
  public static func read(_ source: any Source) throws(ImmerseError) -> [Margin] {
    var columns: [ColumnRequest] = [.category("variable"), .category("category"), .number("total")]
    let hasDomain = source.columnNames.contains("domain")
    if hasDomain { columns.append(.category("domain")) }
    try source.require(columns.map(\.name))
    var margins: [Margin] = []
    for index in 0..<source.chunkCount {
      let batch = try source.chunk(index, columns)
      let (variable, category) = (try batch.categories("variable"), try batch.categories("category"))
      let total = try batch.numbers("total")
      let domain = hasDomain ? try batch.categories("domain") : nil
      for row in 0..<batch.rowCount {
        guard let variable = variable[row], let category = category[row], total[row] >= 0, total[row].isFinite else {
          throw ImmerseError(
            .badData, "a margin needs a variable, a category and a total that is zero or positive",
            place: ImmerseError.Place(file: source.name, line: batch.firstRow + row + 2))
        }
        margins.append(
          Margin(variable: variable, category: category, total: total[row], domain: domain.flatMap { $0[row] }))
      }
    }
    return margins
  }
}
