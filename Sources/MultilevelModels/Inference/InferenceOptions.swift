import Columnar

/// How the estimates of a mixed model are judged: standard errors, degrees of freedom, clusters, tests and intervals.
public struct InferenceOptions: Sendable, Hashable, Codable {
  public enum StandardErrors: String, Sendable, Codable, CaseIterable {
    /// From the model's information.
    case model
    /// Robust to what the model gets wrong within clusters (Huber and White).
    case sandwich
    /// The sandwich with Bell and McCaffrey's correction of its bias for few clusters, which are the top-level groups.
    case cr2
    /// From replicate weights, where the request names them.
    case replicates
  }

  public enum DegreesOfFreedom: String, Sendable, Codable, CaseIterable {
    /// Infinite: statistics are referred to the normal distribution.
    case none
    /// With observed information; of the cr2 sandwich Pustejovsky and Tipton's.
    case satterthwaite
    /// With expected information, as R's pbkrtest has it.
    case kenwardRoger = "kenward-roger"
    /// With observed information, as SAS and JMP have it.
    case kenwardRogerObserved = "kenward-roger-observed"
    /// Groups less groups above less effects, at the level where an effect is estimated.
    case containment
    /// Clusters less strata.
    case design
  }

  /// Which inverse information a sandwich has on its outsides.
  public enum Bread: String, Sendable, Codable, CaseIterable {
    /// Fixed effects and variances each with their own, as Stata's `mixed` and WeMix do.
    case block
    /// That of all parameters together, as GLLAMM, SAS and Mplus do.
    case joint
  }

  public enum Intervals: String, Sendable, Codable, CaseIterable {
    /// Those of the rows: estimates and so many standard errors.
    case wald
    /// Of all parameters, by the profile likelihood (ML).
    case profile
    /// Of all parameters, by refitting to responses drawn from the model.
    case bootstrap
  }

  /// From the model without weights and by the sandwich with them, unless given.
  public var standardErrors: StandardErrors?
  /// Unless given: of the sandwich `design`, of cr2 `satterthwaite`, of REML `satterthwaite` up to 2,000 lowest groups and
  /// `containment` beyond, of ML `none`.
  public var degreesOfFreedom: DegreesOfFreedom?
  public var bread: Bread
  /// The clusters of the sandwich; top-level groups unless given.
  public var psu: String?
  /// Within which clusters were drawn.
  public var strata: String?
  /// Clusters in the stratum's population, or the fraction of them that was drawn.
  public var fpc: String?
  /// Standard errors of the variance components. Unless given, for up to 2,000 lowest groups; of crossed factors, of the
  /// one with most effects.
  public var varianceErrors: Bool?
  /// Whether every fixed term is tested as a whole.
  public var tests: Bool
  public var intervals: Intervals
  /// Of the bootstrap.
  public var draws: Int
  public var seed: UInt64
  /// Whether ICC and R2 are given.
  public var shares: Bool
  /// Factors whose marginal means and their differences are estimated.
  public var means: [String]
  /// Of those differences.
  public var adjustment: Adjustment
  /// The factor whose groups are left out in turn.
  public var influence: String?

  public init(
    standardErrors: StandardErrors? = nil, degreesOfFreedom: DegreesOfFreedom? = nil, bread: Bread = .block,
    psu: String? = nil, strata: String? = nil, fpc: String? = nil, varianceErrors: Bool? = nil, tests: Bool = false,
    intervals: Intervals = .wald, draws: Int = 1_000, seed: UInt64 = 1, shares: Bool = false, means: [String] = [],
    adjustment: Adjustment = .none, influence: String? = nil
  ) {
    self.standardErrors = standardErrors
    self.degreesOfFreedom = degreesOfFreedom
    self.bread = bread
    self.psu = psu
    self.strata = strata
    self.fpc = fpc
    self.varianceErrors = varianceErrors
    self.tests = tests
    self.intervals = intervals
    self.draws = draws
    self.seed = seed
    self.shares = shares
    self.means = means
    self.adjustment = adjustment
    self.influence = influence
  }

  enum CodingKeys: String, CodingKey {
    case standardErrors = "standard_errors"
    case degreesOfFreedom = "df"
    case bread, psu, strata, fpc
    case varianceErrors = "variance_errors"
    case tests, intervals, draws, seed
    case shares = "r2"
    case means
    case adjustment = "adjust"
    case influence
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    standardErrors = try container.decodeIfPresent(StandardErrors.self, forKey: .standardErrors)
    degreesOfFreedom = try container.decodeIfPresent(DegreesOfFreedom.self, forKey: .degreesOfFreedom)
    bread = try container.decodeIfPresent(Bread.self, forKey: .bread) ?? .block
    psu = try container.decodeIfPresent(String.self, forKey: .psu)
    strata = try container.decodeIfPresent(String.self, forKey: .strata)
    fpc = try container.decodeIfPresent(String.self, forKey: .fpc)
    varianceErrors = try container.decodeIfPresent(Bool.self, forKey: .varianceErrors)
    tests = try container.decodeIfPresent(Bool.self, forKey: .tests) ?? false
    intervals = try container.decodeIfPresent(Intervals.self, forKey: .intervals) ?? .wald
    draws = try container.decodeIfPresent(Int.self, forKey: .draws) ?? 1_000
    seed = try container.decodeIfPresent(UInt64.self, forKey: .seed) ?? 1
    shares = try container.decodeIfPresent(Bool.self, forKey: .shares) ?? false
    means = try container.decodeIfPresent([String].self, forKey: .means) ?? []
    adjustment = try container.decodeIfPresent(Adjustment.self, forKey: .adjustment) ?? .none
    influence = try container.decodeIfPresent(String.self, forKey: .influence)
  }

  /// The columns of the clusters' design.
  var designColumns: [String] { [psu, strata, fpc].compactMap(\.self) }
}

extension InferenceOptions {
  /// The options with their defaults for a likelihood filled in, save what depends on the number of groups.
  ///
  /// - Throws: `usage` where they contradict each other or the likelihood, with the reason.
  func resolved(
    isWeighted: Bool, isSampled: Bool, hasResidualClasses: Bool, method: FitRequest.Method
  ) throws(ImmerseError) -> InferenceOptions {
    var options = self
    // What the fits under replicate weights say of their own errors is not used.
    let asked = standardErrors == .replicates ? nil : standardErrors
    let errors = asked ?? (isSampled ? .sandwich : .model)
    options.standardErrors = errors
    let df = degreesOfFreedom
    if hasResidualClasses {
      let needed: [DegreesOfFreedom?] = [.satterthwaite, .kenwardRoger, .kenwardRogerObserved]
      if errors == .cr2 || bread == .joint || varianceErrors == true || needed.contains(df) {
        throw ImmerseError(
          .usage,
          "where residual variances differ between classes, the variances have no standard errors, and small-"
            + "sample degrees of freedom are those of containment or of the design",
          remedy: "use --df containment, or --se sandwich")
      }
      guard intervals == .wald, !shares, influence == nil else {
        throw ImmerseError(
          .usage, "intervals by profile and bootstrap, r2 and influence need one residual variance",
          remedy: "leave them out, or the residual classes")
      }
      options.varianceErrors = false
    }
    if errors != .sandwich && !designColumns.isEmpty {
      throw ImmerseError(
        .usage, "clusters are given, but the standard errors are not those of the sandwich",
        remedy: "add --se sandwich, or leave --psu, --strata and --fpc out")
    }
    if errors != .sandwich && bread == .joint {
      throw ImmerseError(.usage, "only the sandwich has a joint bread", remedy: "add --se sandwich")
    }
    if bread == .joint && method == .reml {
      throw ImmerseError(
        .usage, "restricted maximum likelihood has no joint scores of fixed effects and variances",
        remedy: "add --ml, or leave --bread joint out")
    }
    if isWeighted && intervals != .wald {
      throw ImmerseError(
        .usage, "\(intervals.rawValue) intervals are there for models without weights only",
        remedy: "use the intervals of the rows")
    }
    if adjustment != .none && means.isEmpty {
      throw ImmerseError(
        .usage, "differences are to be adjusted by \(adjustment.rawValue), but no factor's means are asked for",
        remedy: "add --means, or leave --adjust out")
    }
    guard (2...1_000_000).contains(draws) else {
      throw ImmerseError(.usage, "\(draws) draws", remedy: "give some 1,000")
    }
    if fpc != nil && strata == nil && psu == nil {
      throw ImmerseError(
        .usage, "a finite population correction needs clusters", remedy: "add --psu, or --strata")
    }
    switch df {
    case .kenwardRoger?, .kenwardRogerObserved?:
      guard !isWeighted else {
        throw ImmerseError(
          .usage, "Kenward and Roger's degrees of freedom are defined without weights only",
          remedy: "use --df design")
      }
      guard method == .reml, errors == .model else {
        throw ImmerseError(
          .usage, "Kenward and Roger's degrees of freedom belong to REML with the model's standard errors",
          remedy: "leave --ml and --se out, or use --df satterthwaite")
      }
    case .satterthwaite?:
      guard errors == .cr2 || (errors == .model && !isSampled) else {
        throw ImmerseError(
          .usage, "Satterthwaite's degrees of freedom belong to the model's standard errors, without sampling weights",
          remedy: "use --df design")
      }
    case .design?:
      guard errors != .model else {
        throw ImmerseError(
          .usage, "the design's degrees of freedom belong to the sandwich", remedy: "add --se sandwich")
      }
    case .containment?, .some(.none), nil: break
    }
    if df == nil {
      switch errors {
      case .cr2: options.degreesOfFreedom = .satterthwaite
      case .sandwich: options.degreesOfFreedom = .design
      case .model, .replicates:
        options.degreesOfFreedom = method == .ml ? DegreesOfFreedom.none : hasResidualClasses ? .containment : nil
      }
    }
    return options
  }

  /// The number of lowest groups up to which work in proportion to the groups and the square of the variances is done
  /// unasked.
  static let unaskedLimit = 2_000
}
