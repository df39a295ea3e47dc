public import Columnar

/// A fitted mixed model in the field's terms; what the command prints and adapters receive.
public struct MixedModelResult: Sendable, Hashable, Codable {
  /// The fixed effects.
  public var rows: [FixedEffectRow]
  /// The covariance of the fixed effects, by row and column; nil where the result comes from several fits.
  public var covariance: [[Double]]?
  /// By level from the lowest, variances before covariances, the residual last.
  public var varianceComponents: [VarianceComponentRow]
  /// How errors and degrees of freedom were had.
  public var inference: Inference
  /// Of whole fixed terms, where they were asked for.
  public var tests: [TermTest]
  /// By profile or bootstrap, where they were asked for; as what follows.
  public var intervals: [ParameterInterval]
  public var shares: [VarianceShare]
  /// Estimated marginal means, and their differences.
  public var means: [FixedEffectRow]
  public var contrasts: [FixedEffectRow]
  public var influence: [GroupInfluence]
  public var criterion: Criterion
  /// The number of groups of each factor.
  public var groups: [String: Int]
  /// Rows used.
  public var count: Int
  public var droppedRows: [DroppedRowsEntry]
  /// The weights as they entered, conditional and scaled, from the rows to the top; empty without weights.
  public var weights: [WeightsRow]
  /// Where the result comes from several fits.
  public var pooling: Pooling?
  public var convergence: Convergence
  public var notes: [Note]

  enum CodingKeys: String, CodingKey {
    case rows
    case covariance = "vcov"
    case varianceComponents = "variance_components"
    case inference, tests, intervals
    case shares = "r2"
    case means, contrasts, influence, criterion, groups
    case count = "n"
    case droppedRows = "dropped_rows"
    case weights, pooling, convergence, notes
  }

  public struct FixedEffectRow: Sendable, Hashable, Codable {
    public var term: String
    public var estimate: Double
    public var standardError: Double
    public var statistic: Double
    /// Nil where the statistic is taken as normal.
    public var degreesOfFreedom: Double?
    public var pValue: Double
    public var confidenceLow: Double
    public var confidenceHigh: Double

    enum CodingKeys: String, CodingKey {
      case term, estimate
      case standardError = "std_error"
      case statistic
      case degreesOfFreedom = "df"
      case pValue = "p_value"
      case confidenceLow = "conf_low"
      case confidenceHigh = "conf_high"
    }
  }

  public struct VarianceComponentRow: Sendable, Hashable, Codable {
    public var group: String
    /// Nil for the residual, unless it differs between classes.
    public var term1: String?
    /// Nil for a variance.
    public var term2: String?
    /// The variance or covariance.
    public var covariance: Double
    /// Nil for a covariance.
    public var standardDeviation: Double?
    /// Nil for a variance, and where one of the variances is zero.
    public var correlation: Double?
    /// Of the variance or covariance; nil at zero, and where it was not computed.
    public var standardError: Double?

    enum CodingKeys: String, CodingKey {
      case group, term1, term2, covariance
      case standardDeviation = "std_dev"
      case correlation
      case standardError = "std_error"
    }
  }

  public struct Inference: Sendable, Hashable, Codable {
    public var standardErrors: InferenceOptions.StandardErrors
    public var degreesOfFreedom: InferenceOptions.DegreesOfFreedom
    /// Nil but for the sandwich, as what follows.
    public var bread: InferenceOptions.Bread?
    public var clusters: Int?
    public var strata: Int?

    enum CodingKeys: String, CodingKey {
      case standardErrors = "standard_errors"
      case degreesOfFreedom = "df"
      case bread, clusters, strata
    }
  }

  /// A Wald F test that all coefficients of a term, as they are coded, are zero.
  public struct TermTest: Sendable, Hashable, Codable {
    public var term: String
    /// F.
    public var statistic: Double
    /// Of the numerator.
    public var degreesOfFreedom: Int
    /// Of the denominator; nil where infinite.
    public var residualDegreesOfFreedom: Double?
    public var pValue: Double

    enum CodingKeys: String, CodingKey {
      case term, statistic
      case degreesOfFreedom = "df"
      case residualDegreesOfFreedom = "df_residual"
      case pValue = "p_value"
    }
  }

  /// How the fits of several imputations, and of several sets of weights, became one result.
  public struct Pooling: Sendable, Hashable, Codable {
    public var imputations: Int
    /// Nil without replicate weights, as what follows.
    public var replicates: Int?
    public var method: String?
    /// The factor whose groups' weights the replicates multiply.
    public var level: String?
    /// Fits under replicate weights whose search did not converge.
    public var unconverged: Int
    /// By fixed effect.
    public var rows: [Part]

    public struct Part: Sendable, Hashable, Codable {
      public var term: String
      public var samplingVariance: Double?
      /// What the imputations' spread adds: (1 + 1/M) times their variance.
      public var imputationVariance: Double?
      public var missingInformation: Double?

      enum CodingKeys: String, CodingKey {
        case term
        case samplingVariance = "sampling_variance"
        case imputationVariance = "imputation_variance"
        case missingInformation = "missing_information"
      }
    }
  }

  public struct Criterion: Sendable, Hashable, Codable {
    /// `REML`, `ML` or `pseudo-ML`.
    public var name: String
    /// −2 log likelihood with all constants.
    public var value: Double
  }

  /// Rows that were left out for one reason.
  public struct DroppedRowsEntry: Sendable, Hashable, Codable {
    public var variable: String
    public var reason: Reason
    public var rows: Int

    public enum Reason: String, Sendable, Codable {
      /// The row lacks this variable, and none before it.
      case missing
      case zeroWeight = "zero_weight"
    }
  }

  public struct WeightsRow: Sendable, Hashable, Codable {
    /// `rows`, or the factor.
    public var level: String
    /// Nil where the level weighs 1.
    public var variable: String?
    public var kind: FitRequest.WeightKind
    /// Whether the weights were given conditional or unconditional; they enter conditional. Nil where it was not said.
    public var given: FitRequest.Conditioning?
    public var scaling: FitRequest.WeightScaling
    public var count: Int
    public var sum: Double
    /// (Σw)² / Σw².
    public var effectiveCount: Double

    enum CodingKeys: String, CodingKey {
      case level, variable, kind, given, scaling
      case count = "n"
      case sum
      case effectiveCount = "effective_n"
    }
  }

  /// What shows that the criterion is at its minimum.
  public struct Convergence: Sendable, Hashable, Codable {
    public var converged: Bool
    /// √(g'H⁻¹g) of the criterion's gradient and Hessian in θ; half its square is the gain still to be had.
    public var scaledGradient: Double
    public var tolerance: Double
    public var hessian: Hessian
    /// Of the Hessian in θ of the columns shifted and scaled.
    public var smallestEigenvalue: Double
    public var largestEigenvalue: Double
    /// Of the criterion with its gradient.
    public var evaluations: Int
    /// θ of the columns shifted and scaled, where the search began.
    public var start: [Double]
    /// The lower triangles of Λ column by column, from the lowest level up, as lme4 prints them; then the logarithms of
    /// the residual standard deviations of the classes over that of the first.
    public var theta: [Double]
    /// What is estimated at zero, in words.
    public var boundary: [String]

    /// How the criterion's Hessian was had.
    public enum Hessian: String, Sendable, Codable {
      /// By a second-order climb of the tree; done with standard errors of variances or small-sample tests.
      case exact
      /// By differences of the exact gradient.
      case differenced
    }

    enum CodingKeys: String, CodingKey {
      case converged
      case scaledGradient = "scaled_gradient"
      case tolerance, hessian
      case smallestEigenvalue = "smallest_eigenvalue"
      case largestEigenvalue = "largest_eigenvalue"
      case evaluations, start, theta, boundary
    }
  }
}
