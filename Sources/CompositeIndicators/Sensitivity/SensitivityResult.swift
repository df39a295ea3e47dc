public import Columnar

/// How the ranks and scores of one aggregate respond to the choices behind it.
public struct SensitivityResult: Sendable {
  /// One factor's share of the variance of the output: the mean absolute shift of ranks from the nominal ones.
  public struct Factor: Sendable, Equatable {
    public var name: String
    /// How many alternatives or draws it has.
    public var levels: Int
    /// What varying this factor alone explains.
    public var firstOrder: Double
    /// What would be left if all other factors were fixed.
    public var totalOrder: Double
    /// Bootstrap standard errors of estimated indices; nil for exact ones.
    public var firstOrderError: Double?
    public var totalOrderError: Double?
  }

  public struct Interaction: Sendable, Equatable {
    public var factors: [String]
    public var share: Double
  }

  /// One unit over all runs.
  public struct Unit: Sendable, Equatable {
    public var name: String
    /// The score and rank of the index as it is; nil where there is none.
    public var estimate: Double?
    public var rank: Int?
    /// Over the runs on the scale of `scoreScale`; nil where the unit has no score or scores were not kept.
    public var scoreMean: Double?
    public var scoreLow: Double?
    public var scoreHigh: Double?
    public var rankMean: Double?
    public var rankMedian: Double?
    public var rankLow: Double?
    public var rankHigh: Double?
    /// The variance of the rank, and how much of it is due to sampling error, to the choice of methods and weights, and
    /// to both together; nil without sampling error.
    public var rankVariance: VarianceParts?
    /// The same for the score.
    public var scoreVariance: VarianceParts?
  }

  public struct VarianceParts: Sendable, Equatable {
    public var total: Double
    public var sampling: Double
    public var methods: Double

    public var interaction: Double { total - sampling - methods }
  }

  /// What leaving one indicator or aggregate out of the index as it is does to the ranks.
  public struct Removal: Sendable, Equatable {
    public var term: String
    public var level: Int
    /// The mean and the largest absolute shift over units.
    public var meanShift: Double
    public var largestShift: Int
  }

  /// What the runs of one combination of methods did.
  public struct Cell: Sendable, Equatable {
    public var settings: [(factor: String, level: String)]
    public var runs: Int
    /// The notes of the steps, those of one kind counted together.
    public var steps: [String]
    /// The range of normalised values.
    public var minimum: Double
    public var maximum: Double
    public var meanShift: Double

    public static func == (a: Cell, b: Cell) -> Bool {
      a.settings.elementsEqual(b.settings, by: { $0 == $1 }) && a.runs == b.runs && a.steps == b.steps
        && a.minimum == b.minimum && a.maximum == b.maximum && a.meanShift == b.meanShift
    }
  }

  public let term: Term
  public let design: SensitivityPlan.Design
  public let factors: [Factor]
  /// Of pairs, in the factorial design.
  public let interactions: [Interaction]
  public let units: [Unit]
  public let removals: [Removal]
  /// The log.
  public let cells: [Cell]
  public let runs: Int
  /// The mean and variance of the output over the runs that the indices are of.
  public let outputMean: Double
  public let outputVariance: Double
  /// The normalisation whose scale the scores are on.
  public let scoreScale: String
  public let confidenceLevel: Double
  public let notes: [Note]
  /// The output of every run.
  public let shifts: [Double]
}
