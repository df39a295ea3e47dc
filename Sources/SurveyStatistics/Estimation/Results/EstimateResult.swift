public import Columnar
import LinearAlgebra

/// One level of a grouping column.
public struct Group: Sendable, Hashable, Codable {
  public var variable: String
  /// The level's text as it stands in the file; for a difference two of them, for an average "average".
  public var level: String

  public init(variable: String, level: String) {
    self.variable = variable
    self.level = level
  }
}

/// An estimate with its uncertainty. NaN and nil never stand for each other: what cannot be computed is nil.
public struct Estimate: Sendable, Hashable {
  public var term: String
  public var by: [Group]
  public var form: Form = .estimate
  public var estimate: Double?
  /// Of a quantile, where in the distribution it lies; nil for other estimates.
  public var probability: Double?
  /// Nil where the design leaves it undefined.
  public var standardError: Double?
  public var confidenceLow: Double?
  public var confidenceHigh: Double?
  /// Degrees of freedom of the design in this domain; nil where there are none.
  public var degreesOfFreedom: Double?
  /// Rows used: in the domain, with the variable, and with a weight that is not zero.
  public var count: Int
  /// The variance over that of a simple random sample of as many rows without replacement.
  public var designEffect: Double?
  /// The smallest domain that enters the estimate, which is what disclosure rules look at.
  public var smallestCell: Cell

  public struct Cell: Sendable, Hashable {
    public var count: Int
    /// Distinct first-stage sampling units, such as sites.
    public var units: Int
  }

  /// The test statistic of a coefficient or a test.
  public var statistic: Double?
  public var pValue: Double?
  /// The second degrees of freedom of a test by F.
  public var residualDegreesOfFreedom: Double?

  /// What a row is, which says what its fields mean.
  public enum Form: Sendable, Hashable {
    case estimate
    /// Of a model; its degrees of freedom are the residual ones.
    case coefficient
    /// A test without an estimate; its degrees of freedom are the first ones.
    case test
  }

  /// What imputations, such as plausible values, add to the uncertainty; nil where there are none.
  public var imputation: Imputation?
  /// What the replicates give, where the request asks for them to be kept.
  public var replicates: Replicates?

  /// Imputation by imputation, of which there is one where nothing was imputed.
  public struct Replicates: Sendable, Hashable {
    /// From the full sample.
    public var estimates: [Double]
    /// Under each replicate; NaN where it gives all rows a weight of zero.
    public var values: [[Double]]
  }

  public struct Imputation: Sendable, Hashable {
    public var count: Int
    /// The mean sampling variance of the imputations.
    public var samplingVariance: Double?
    /// What their spread adds to it: (1 + 1/M) times their variance.
    public var imputationVariance: Double?
    /// The fraction of missing information; nil without a sampling variance.
    public var missingInformation: Double?
  }
}

/// The design an estimate rests on.
public struct DesignSummary: Sendable, Hashable {
  public var count: Int
  public var sumOfWeights: Double
  /// Nil under columns of replicate weights, which do not say.
  public var strata: Int?
  public var psus: Int?
  public var degreesOfFreedom: Int
  /// Nil where variances are linearised.
  public var replicates: Replicates?

  public struct Replicates: Sendable, Hashable {
    public var method: ReplicateMethod
    public var variance: ReplicateVariance
  }
}

public struct EstimateResult: Sendable {
  public var kind: EstimateRequest.Kind
  public var rows: [Estimate]
  public var design: DesignSummary
  public var notes: [Note]
  /// False where a model's iteration stopped before its maximum.
  public var hasConverged = true
  /// Of a model's coefficients; nil for other kinds.
  public var covariance: Covariance?
  /// That the coefficients of some terms of a model are zero; empty unless asked for.
  public var tests: [TermTest] = []
}

/// The covariance matrix of estimates under the design.
public struct Covariance: Sendable, Hashable {
  public var terms: [String]
  /// By row and column, in the order of the terms.
  public var values: [[Double]]

  public init(terms: [String], values: [[Double]]) {
    self.terms = terms
    self.values = values
  }

  init(terms: [String], matrix: Matrix) {
    self.init(terms: terms, values: terms.indices.map { row in terms.indices.map { matrix[row, $0] } })
  }
}

/// A test that several coefficients of a model are all zero.
public struct TermTest: Sendable, Hashable {
  public enum Method: String, Sendable {
    /// Of the coefficients in their covariance under the design, as an F.
    case wald
    /// Rao and Scott's: a difference of deviances, judged by the design effects.
    case likelihoodRatio = "lrt"
  }

  public var terms: [String]
  public var method: Method
  /// F, or the difference of deviances with weights of mean 1.
  public var statistic: Double
  /// Where the coefficients stand in the model.
  var parameters: [Int] = []
  /// How many coefficients.
  public var degreesOfFreedom: Double
  public var residualDegreesOfFreedom: Double
  /// Nil where the design leaves no degrees of freedom.
  public var pValue: Double?
  /// The eigenvalues, in descending order, of the covariance under the design against that of a simple random sample; of the
  /// likelihood-ratio test only.
  public var designEffects: [Double]?
}
