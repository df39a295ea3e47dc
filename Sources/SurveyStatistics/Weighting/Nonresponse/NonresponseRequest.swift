import Columnar

/// Weights of respondents that stand for the non-respondents too.
public struct NonresponseRequest: Sendable, Hashable, Codable {
  /// The column of weights to start from; without it every row starts at 1.
  public var weights: String?
  /// 1 in the rows of respondents, 0 in those of non-respondents.
  public var respondents: String
  /// Columns whose combinations are the adjustment classes.
  public var classes: [String]
  /// Covariates of a weighted logistic model of response; text columns enter as factors.
  public var covariates: [String]
  /// How many classes of equal weight the propensities are cut into; without it each respondent's weight is divided by its
  /// own propensity.
  public var propensityClasses: Int?
  public var output: String

  public init(
    weights: String? = nil, respondents: String, classes: [String] = [], covariates: [String] = [],
    propensityClasses: Int? = nil, output: String = "weight"
  ) {
    self.weights = weights
    self.respondents = respondents
    self.classes = classes
    self.covariates = covariates
    self.propensityClasses = propensityClasses
    self.output = output
  }

  enum CodingKeys: String, CodingKey {
    case weights, respondents, classes, covariates
    case propensityClasses = "propensity_classes"
    case output
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      weights: try container.decodeIfPresent(String.self, forKey: .weights),
      respondents: try container.decode(String.self, forKey: .respondents),
      classes: try container.decodeIfPresent([String].self, forKey: .classes) ?? [],
      covariates: try container.decodeIfPresent([String].self, forKey: .covariates) ?? [],
      propensityClasses: try container.decodeIfPresent(Int.self, forKey: .propensityClasses),
      output: try container.decodeIfPresent(String.self, forKey: .output) ?? "weight")
  }

  func validate() throws(ImmerseError) {
    guard classes.isEmpty || covariates.isEmpty else {
      throw ImmerseError(
        .usage, "classes and covariates are two ways to adjust", remedy: "name --classes or --covariates")
    }
    guard propensityClasses.map({ !covariates.isEmpty && $0 >= 2 }) ?? true else {
      throw ImmerseError(
        .usage, "propensities are cut into at least two classes, and need covariates",
        remedy: "give --covariates and, for example, --propensity-classes 5")
    }
  }
}
