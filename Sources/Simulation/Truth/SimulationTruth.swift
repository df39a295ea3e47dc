/// What estimates from a simulated study aim at.
///
/// Sites are drawn from a superpopulation with known rates and children within sites with known response, so a weighted
/// (Hájek) mean of any column has the mean of the superpopulation as its target, up to the usual ratio bias of order
/// 1/sites: the weights are the exact reciprocals of the rates and nothing was trimmed. Answers are missing completely at
/// random within a country, so complete-case means share the target; a scale score may be the mean of whichever items
/// were answered, because all items of a scale are left blank at one rate. The superpopulation is the same for every
/// seed, except for the share of younger children, which depends a little on which sites were drawn. Standard errors
/// that treat sites as drawn with replacement within strata are the right ones.
public struct SimulationTruth: Codable, Sendable, Equatable {
  public var preset: String
  public var seed: UInt64
  public var children: Int
  public var sites: Int
  /// Means over the children of all countries.
  public var means: [String: Double]
  public var countries: [Country]

  public struct Country: Codable, Sendable, Equatable {
    public var code: String
    /// Share of the children of all countries.
    public var share: Double
    /// Means of `escs`, `migrant`, `female`, `math` (also of its plausible values), of the items, and of the scale scores:
    /// by the prefix of a scale, the mean of its items after reversing those worded against it. Items that only older
    /// children answer: over these.
    public var means: [String: Double]
    /// Shares of an item's categories, from the lowest value up.
    public var categoryShares: [String: [Double]]
    public var regions: [Region]
    public var achievement: Achievement?
    /// By the prefix of the scale.
    public var traits: [String: Trait]
  }

  public struct Region: Codable, Sendable, Equatable {
    public var code: String
    /// Share of the country's children.
    public var share: Double
    /// As for countries, without the items.
    public var means: [String: Double]
  }

  /// How mathematics depends on the children and their schools. Coefficients hold within schools.
  public struct Achievement: Codable, Sendable, Equatable {
    public var migrant: Double
    public var escs: Double
    public var female: Double
    public var age: Double
    /// The gap of migrant background within schools when ESCS is left out.
    public var migrantGap: Double
    /// Without covariates: between regions, between schools with regions, and in all.
    public var regionVariance: Double
    public var schoolVariance: Double
    public var totalVariance: Double
    /// Given covariates, composition, size, stratum and region.
    public var residualSchoolVariance: Double
    public var residualChildVariance: Double
    /// Of the error of the test score.
    public var errorVariance: Double
  }

  /// A scale's trait, in units in which the average country has mean 0 and variance 1.
  public struct Trait: Codable, Sendable, Equatable {
    public var mean: Double
    /// Differences within sites.
    public var migrantGap: Double
    public var youngerGap: Double
    public var femaleGap: Double
    public var regionVariance: Double
    public var siteVariance: Double
    public var childVariance: Double
    /// Standardised loading of the items: the polychoric correlation of two items is its square.
    public var loading: Double
  }
}
