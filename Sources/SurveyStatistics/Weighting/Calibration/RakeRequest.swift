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

  /// - Throws: `usage` where the request contradicts itself, `badData` where the margins do.
  func validate() throws(ImmerseError) {
    try margins.validate(by: by)
    if let margin = margins.first(where: { $0.conditions.isEmpty || !$0.counts }) {
      throw ImmerseError(
        .badData, "the total of \(margin.name) is not that of a category", variable: margin.variable,
        remedy: "raking takes counts of categories; use calibrate for totals of numbers")
    }
    if let margin = margins.first(where: { $0.cost != nil }) {
      throw ImmerseError(
        .badData, "missing the total of \(margin.name) has a cost, but raking meets every total",
        variable: margin.variable, remedy: "use calibrate --method raking")
    }
  }
}
