public import Columnar

/// How missing values are filled.
///
/// ```yaml
/// impute: mean
/// impute: {method: median, group: country}
/// impute: {method: regression, predictors: [gdp, population]}
/// impute: em
/// impute: linear                                  # in panel data, from the unit's other years
/// impute: {method: multiple, imputations: 20, seed: 1}
/// ```
public struct Imputation: Codable, Sendable, Equatable {
  public enum Method: String, Codable, Sendable, CaseIterable {
    case none, mean, median
    /// The least-squares fit on other indicators, over the reference units that have them all.
    case regression
    /// The expectation given the unit's other indicators, under a normal distribution fitted by maximum likelihood.
    case em
    /// The unit's latest earlier value; none before the first.
    case latest
    /// On the straight line between the unit's neighbouring values; the nearest value beyond the first and the last.
    case linear
    /// The unit's latest earlier value; the first value before it.
    case constant
    /// Several draws of what `em` expects, each scored by itself, and the scores pooled.
    case multiple

    var isOfPanel: Bool { self == .latest || self == .linear || self == .constant }
  }

  public var method: Method
  /// The column within whose groups the mean or median is taken; a group without a value stays missing.
  public var group: String?
  /// The indicators a regression predicts from.
  public var predictors: [String]?
  /// How many draws `multiple` takes.
  public var imputations: Int
  /// Of the draws: the same seed gives the same scores.
  public var seed: Int

  enum CodingKeys: String, CodingKey { case method, group, predictors, imputations, seed }

  public init(
    _ method: Method = .none, group: String? = nil, predictors: [String]? = nil, imputations: Int = 20, seed: Int = 1
  ) {
    self.method = method
    self.group = group
    self.predictors = predictors
    self.imputations = imputations
    self.seed = seed
  }

  public init(from decoder: any Decoder) throws {
    guard let container = try? decoder.container(keyedBy: CodingKeys.self) else {
      self.init(try decoder.singleValueContainer().decode(Method.self))
      return
    }
    self.init(
      try container.decode(Method.self, forKey: .method),
      group: try container.decodeIfPresent(String.self, forKey: .group),
      predictors: try container.decodeOneOrMore(String.self, forKey: .predictors),
      imputations: try container.decodeIfPresent(Int.self, forKey: .imputations) ?? 20,
      seed: try container.decodeIfPresent(Int.self, forKey: .seed) ?? 1)
  }

  /// What fills missing values, learnt from these units.
  ///
  /// - Throws: `usage` where a setting is missing or contradicts the units, `badData` where the units do not allow the
  ///   method.
  public func fit(_ units: UnitMatrix) throws(ImmerseError) -> FrozenImputation {
    switch method {
    case .none: return FrozenImputation(.none)
    case .mean, .median: return FrozenImputation(.centres(try GroupCentres(self, units)))
    case .regression:
      guard let predictors, !predictors.isEmpty else {
        throw ImmerseError(
          .usage, "imputation by regression needs predictors",
          remedy: "write {method: regression, predictors: [...]} with codes of indicators")
      }
      return FrozenImputation(.regressions(try FrozenRegressions(predictors, units)))
    case .em: return FrozenImputation(.normal(try NormalModel(units)))
    case .latest, .linear, .constant:
      guard units.period != nil else {
        throw ImmerseError(
          .usage, "imputation by \(method.rawValue) needs several periods", remedy: "name the column of years")
      }
      return FrozenImputation(.panel(method))
    case .multiple:
      throw ImmerseError(
        .usage, "multiple imputation draws several values for each missing one, and freezes none of them",
        remedy: "freeze a model with em")
    }
  }
}
