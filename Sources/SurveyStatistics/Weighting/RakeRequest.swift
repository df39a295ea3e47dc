import Columnar

/// Weights to be raked to known totals.
public struct RakeRequest: Sendable, Hashable, Codable {
  /// The column of weights to start from; without it every row starts at 1.
  public var weights: String?
  public var margins: [Margin]
  /// The column whose values the margins' domains are; each is raked by itself.
  public var by: String?
  /// The column the raked weights are written to.
  public var output: String
  /// Sweeps stop when every margin is met to this relative error.
  public var tolerance: Double
  public var sweeps: Int

  public init(
    weights: String? = nil, margins: [Margin], by: String? = nil, output: String = "weight",
    tolerance: Double = 1e-12, sweeps: Int = 1000
  ) {
    self.weights = weights
    self.margins = margins
    self.by = by
    self.output = output
    self.tolerance = tolerance
    self.sweeps = sweeps
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      weights: try container.decodeIfPresent(String.self, forKey: .weights),
      margins: try container.decode([Margin].self, forKey: .margins),
      by: try container.decodeIfPresent(String.self, forKey: .by),
      output: try container.decodeIfPresent(String.self, forKey: .output) ?? "weight",
      tolerance: try container.decodeIfPresent(Double.self, forKey: .tolerance) ?? 1e-12,
      sweeps: try container.decodeIfPresent(Int.self, forKey: .sweeps) ?? 1000)
  }

  /// The columns that classify rows: the domain first, then every margin's in order of first mention.
  var classifiers: [String] {
    var columns = by.map { [$0] } ?? []
    for margin in margins {
      for column in margin.columns where !columns.contains(column) { columns.append(column) }
    }
    return columns
  }

  /// - Throws: `usage` where the request contradicts itself, `badData` where the margins do.
  func validate() throws(ImmerseError) {
    guard !margins.isEmpty else {
      throw ImmerseError(.usage, "no margins to rake to", remedy: "give them with --margins")
    }
    if by == nil, let domain = margins.first(where: { $0.domain != nil })?.domain {
      throw ImmerseError(
        .usage, "the margins have domains such as \"\(domain)\", but no column says which rows belong to them",
        remedy: "name it with --by")
    }
    if by != nil, let margin = margins.first(where: { $0.domain == nil }) {
      throw ImmerseError(
        .badData, "the total of \(margin.name) names no domain", variable: margin.variable,
        remedy: "fill in the domain column of the margins")
    }
    for margin in margins where margin.columns.count != margin.categories.count {
      throw ImmerseError(
        .badData, "the category \(margin.name) does not have one part for each column of the margin",
        variable: margin.variable, remedy: "join the categories with colons, as the variables are")
    }
    let groups = Dictionary(grouping: margins) { [$0.domain ?? "", $0.variable, $0.category] }
    if let twice = groups.first(where: { $0.value.count > 1 })?.value[0] {
      throw ImmerseError(.badData, "the category \(twice.name) has more than one total", variable: twice.variable)
    }
  }
}
