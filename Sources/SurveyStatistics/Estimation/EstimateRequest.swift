public import Columnar
import Streaming

/// What to estimate, of whom, under which design.
public struct EstimateRequest: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Codable, CaseIterable {
    case mean, total, ratio, proportion, variance
    case standardDeviation = "sd"
    case covariance, correlation, quantile, ecdf, glm, chisq, ttest, ranktest, function, segregation

    /// A model or a test rather than estimates of domains.
    var isAnalysis: Bool { self == .chisq || hasFormula }

    /// The variables are formulas or expressions rather than columns.
    public var isWritten: Bool { hasFormula || self == .function }

    /// A model or a test that is asked for by one formula.
    var hasFormula: Bool { [.glm, .ttest, .ranktest].contains(self) }
  }

  /// What to do with rows that lack the variable or the group.
  public enum Missing: String, Sendable, Codable, CaseIterable {
    /// Refuse to estimate.
    case fail
    /// Leave such rows out, variable by variable, as a subpopulation (`na.rm = TRUE` in R).
    case drop
  }

  /// What the sampling variance of imputed quantities is taken from.
  public enum SamplingVariance: String, Sendable, Codable, CaseIterable {
    /// The mean over all imputations.
    case average
    /// The first imputation alone, as TIMSS and PIRLS did before 2015.
    case first
  }

  /// How the variance of a linear model is estimated.
  public enum StandardErrors: String, Sendable, Codable, CaseIterable {
    /// By the design, linearised.
    case design
    /// Corrected for few clusters, with degrees of freedom by coefficient (Bell and McCaffrey 2002).
    case cr2
  }

  public var kind: Kind
  /// Columns; for a ratio `numerator/denominator`, for a covariance or correlation two or more or pairs `a:b`;
  /// for a function an expression of totals, for a model, t or rank test one formula, for `chisq` one table `a:b`, for `segregation` the group and its units `migrant:school`.
  public var variables: [String]
  /// Quantities of which the columns hold several imputations; variables name them as they name columns.
  public var plausible: [PlausibleValues]
  public var samplingVariance: SamplingVariance
  public var design: SurveyDesign
  /// Columns whose combinations are the domains.
  public var by: [String]
  /// The domain of all estimates; rows outside it stay in the design.
  public var filter: String?
  /// Also the differences between the levels of the last `by` column, later less earlier level.
  public var contrast: Bool
  /// Also the average over the levels of the last `by` column, each level counted equally.
  public var average: Bool
  public var missing: Missing
  public var level: Double
  /// For quantiles, each in [0, 1].
  public var probabilities: [Double]
  /// For quantiles.
  public var rule: QuantileRule
  /// For proportions, quantiles and the distribution function; by default p ± t SE.
  public var interval: ProportionInterval
  /// Where the distribution function is wanted.
  public var at: [Double]
  /// For a model.
  public var family: ModelFamily
  /// For `chisq`.
  public var statistic: IndependenceStatistic
  /// For `ranktest`.
  public var test: RankTest
  /// For `glm`: terms of the formula whose coefficients are tested together.
  public var terms: [String]
  /// For a `glm` of family gaussian and `ttest`.
  public var standardErrors: StandardErrors
  /// Whether rows keep what every replicate gives, for what is computed of them in turn; no part of a request's text.
  public var keepsReplicates = false

  /// - Parameter missing: by default models and tests leave rows out that lack a variable, and estimates refuse them.
  public init(
    _ kind: Kind, of variables: [String], design: SurveyDesign = SurveyDesign(), by: [String] = [],
    where filter: String? = nil, contrast: Bool = false, average: Bool = false, missing: Missing? = nil,
    level: Double = 0.95, probabilities: [Double] = EstimateRequest.quartiles, rule: QuantileRule = .math,
    interval: ProportionInterval = .mean, at: [Double] = [], family: ModelFamily = .gaussian,
    statistic: IndependenceStatistic = .f, test: RankTest = .wilcoxon, terms: [String] = [],
    standardErrors: StandardErrors = .design, plausible: [PlausibleValues] = [],
    samplingVariance: SamplingVariance = .average
  ) {
    self.kind = kind
    self.variables = variables
    self.design = design
    self.by = by
    self.filter = filter
    self.contrast = contrast
    self.average = average
    self.missing = missing ?? (kind.isAnalysis ? .drop : .fail)
    self.level = level
    self.probabilities = probabilities
    self.rule = rule
    self.interval = interval
    self.at = at
    self.plausible = plausible
    self.samplingVariance = samplingVariance
    self.family = family
    self.statistic = statistic
    self.test = test
    self.terms = terms
    self.standardErrors = standardErrors
  }

  public static let quartiles = [0.25, 0.5, 0.75]

  enum CodingKeys: String, CodingKey {
    case kind, variables, design, by
    case filter = "where"
    case contrast, average, missing, level
    case probabilities = "probs"
    case rule, interval, at, family, statistic, test, terms, plausible
    case standardErrors = "se"
    case samplingVariance = "sampling_variance"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    kind = try container.decode(Kind.self, forKey: .kind)
    variables = try container.decode([String].self, forKey: .variables)
    design = try container.decodeIfPresent(SurveyDesign.self, forKey: .design) ?? SurveyDesign()
    by = try container.decodeIfPresent([String].self, forKey: .by) ?? []
    filter = try container.decodeIfPresent(String.self, forKey: .filter)
    contrast = try container.decodeIfPresent(Bool.self, forKey: .contrast) ?? false
    average = try container.decodeIfPresent(Bool.self, forKey: .average) ?? false
    missing = try container.decodeIfPresent(Missing.self, forKey: .missing) ?? (kind.isAnalysis ? .drop : .fail)
    level = try container.decodeIfPresent(Double.self, forKey: .level) ?? 0.95
    probabilities =
      try container.decodeIfPresent([Double].self, forKey: .probabilities) ?? EstimateRequest.quartiles
    rule = try container.decodeIfPresent(QuantileRule.self, forKey: .rule) ?? .math
    interval = try container.decodeIfPresent(ProportionInterval.self, forKey: .interval) ?? .mean
    at = try container.decodeIfPresent([Double].self, forKey: .at) ?? []
    plausible = try container.decodeIfPresent([PlausibleValues].self, forKey: .plausible) ?? []
    samplingVariance =
      try container.decodeIfPresent(SamplingVariance.self, forKey: .samplingVariance) ?? .average
    family = try container.decodeIfPresent(ModelFamily.self, forKey: .family) ?? .gaussian
    statistic = try container.decodeIfPresent(IndependenceStatistic.self, forKey: .statistic) ?? .f
    test = try container.decodeIfPresent(RankTest.self, forKey: .test) ?? .wilcoxon
    terms = try container.decodeIfPresent([String].self, forKey: .terms) ?? []
    standardErrors = try container.decodeIfPresent(StandardErrors.self, forKey: .standardErrors) ?? .design
  }

  /// - Throws: `usage` where the request contradicts itself.
  public func validate() throws(ImmerseError) {
    try design.validate()
    guard !variables.isEmpty else {
      throw ImmerseError(.usage, "no variable to estimate", remedy: "name at least one column")
    }
    if let name = plausible.map(\.name).first(where: { n in plausible.count { $0.name == n } > 1 }) {
      throw ImmerseError(.usage, "plausible values are defined twice", variable: name)
    }
    guard level > 0 && level < 1 else {
      throw ImmerseError(.usage, "a confidence level of \(level)", remedy: "give one between 0 and 1, such as 0.95")
    }
    if kind == .quantile && (probabilities.isEmpty || !probabilities.allSatisfy { (0...1).contains($0) }) {
      throw ImmerseError(
        .usage, "quantiles are asked for at \(probabilities.map { NumberText.shortest($0) }.joined(separator: ", "))",
        remedy: "give --probs between 0 and 1, such as 0.1,0.5,0.9")
    }
    if kind == .ecdf && (at.isEmpty || !at.allSatisfy(\.isFinite)) {
      throw ImmerseError(
        .usage, "the distribution function is asked for at no value", remedy: "name values with --at, such as 400,500")
    }
    if interval != .mean && ![.proportion, .quantile, .ecdf].contains(kind)
      || [.quantile, .score].contains(interval) && kind != .quantile
    {
      throw ImmerseError(
        .usage, "an interval by \(interval.rawValue) of a \(kind.rawValue)",
        remedy: "intervals of shares belong to proportion, quantile and ecdf")
    }
    if interval == .quantile && design.replicates == nil {
      throw ImmerseError(
        .usage, "an interval by the quantiles of replicates, but there are no replicates",
        remedy: "name them with --replicate-method, or choose another --interval")
    }
    if kind == .quantile && [.likelihood, .wilson].contains(interval) {
      throw ImmerseError(
        .usage, "an interval by \(interval.rawValue) of a quantile", remedy: "choose mean, xlogit, beta, asin or score")
    }
    if kind.hasFormula && !by.isEmpty || kind.isAnalysis && (contrast || average) {
      throw ImmerseError(
        .usage, "groups are not compared by \(kind.rawValue)",
        remedy: "choose the rows with --where, one group at a time")
    }
    if kind == .chisq && [.chisq, .linearCombination, .saddlepoint].contains(statistic) && !plausible.isEmpty {
      throw ImmerseError(
        .usage, "X² of several imputations has no common value", remedy: "choose --statistic F, Wald or adjWald")
    }
    if family != .gaussian && kind != .glm {
      throw ImmerseError(.usage, "a family \(family.rawValue) of \(kind.rawValue)", remedy: "families belong to glm")
    }
    if !terms.isEmpty && kind != .glm {
      throw ImmerseError(.usage, "terms of a \(kind.rawValue) tested", remedy: "terms belong to glm")
    }
    if standardErrors == .cr2 {
      guard [.glm, .ttest].contains(kind), family == .gaussian, terms.isEmpty else {
        throw ImmerseError(
          .usage, "cr2 errors of what is no linear model, or of terms tested together",
          remedy: "cr2 belongs to glm of family gaussian, coefficient by coefficient, and to ttest")
      }
      guard !design.psu.isEmpty, design.replicates == nil else {
        throw ImmerseError(
          .usage, "cr2 errors without clusters, or under replicate weights", remedy: "name the clusters with --psu")
      }
    }
    if test != .wilcoxon && kind != .ranktest {
      throw ImmerseError(
        .usage, "a \(test.rawValue) test of a \(kind.rawValue)", remedy: "rank tests belong to ranktest")
    }
    if (contrast || average) && by.isEmpty {
      throw ImmerseError(
        .usage, "\(contrast ? "differences" : "an average") asked for without groups",
        remedy: "name the groups with --by")
    }
  }
}
