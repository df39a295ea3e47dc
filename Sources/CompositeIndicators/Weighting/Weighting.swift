import Columnar

/// Where the weights of the parts of an aggregate come from.
///
/// ```yaml
/// weights: equal
/// weights: [{method: pca, convention: rotated}, framework]   # from level 2 up
/// ```
///
/// Whatever the way, weights are rescaled to sum to 1 within the aggregate, and a part whose weight in the framework is
/// zero keeps it. Weights found from data use the units that have a value for every part. An indicator in two parents has
/// a weight of its own in each.
public enum Weighting: Sendable, Equatable {
  /// As the framework states them.
  case framework
  case equal
  /// The mean over experts of the points each gave, from `budget` of the aggregate.
  case budget
  /// From `comparisons` of the aggregate, two parts at a time: the principal eigenvector, with the consistency ratio.
  /// Source: Saaty (1980), The Analytic Hierarchy Process.
  case ahp
  /// From the principal components of the correlations between the parts.
  case pca(ComponentConvention = .firstComponent)
  /// 1 - E, E being Shannon's entropy of a part's shares over the units: what varies more weighs more.
  case entropy
  /// σ_j Σ_k (1 - r_jk) of values scaled to 0-1: what varies more and repeats less weighs more.
  /// Source: Diakoulaki, Mavrotas and Papayannakis (1995), Computers and Operations Research 22, 763-770.
  case critic
  /// How much the units' performance changes when a part is left out.
  /// Source: Keshavarz-Ghorabaee et al. (2021), Symmetry 13, 525.
  case merec
  /// Weights under which the correlations of the parts with their arithmetic mean are as the framework's weights are to
  /// each other. Without negative weights, a part whose correlation exceeds its share even at weight zero is left there.
  /// Source: Becker et al. (2017), Ecological Indicators 80, 12-22, solved in closed form.
  case importance(allowsNegative: Bool = false)
  /// Benefit of the doubt: each unit is averaged with the weights that are best for it, such that no reference unit exceeds
  /// 1; see `Frontier`. The aggregate must be an arithmetic mean.
  case bod(ShareBounds = ShareBounds())

  public enum ComponentConvention: String, Codable, Sendable, CaseIterable {
    /// The loadings of the first component, as COINr; refused where they differ in sign.
    case firstComponent = "first_component"
    /// Squared loadings after varimax rotation of the components with eigenvalues above 1, each part counted where it
    /// loads most, times the variance of that component. Source: Nicoletti, Scarpetta and Boylaud (2000), OECD Economics
    /// Department Working Papers 226; OECD and JRC (2008), Handbook, section 6.1.
    case rotated
  }
}

extension Weighting: Codable {
  public enum Method: String, Codable, Sendable, CaseIterable {
    case framework, equal, budget, ahp, pca, entropy, critic, merec, importance, bod
  }

  enum CodingKeys: String, CodingKey {
    case method, convention
    case allowsNegative = "allow_negative"
    case lower, upper, share
  }

  /// The way with its standard settings.
  public init(_ method: Method) {
    switch method {
    case .framework: self = .framework
    case .equal: self = .equal
    case .budget: self = .budget
    case .ahp: self = .ahp
    case .pca: self = .pca()
    case .entropy: self = .entropy
    case .critic: self = .critic
    case .merec: self = .merec
    case .importance: self = .importance()
    case .bod: self = .bod()
    }
  }

  public var method: Method {
    switch self {
    case .framework: .framework
    case .equal: .equal
    case .budget: .budget
    case .ahp: .ahp
    case .pca: .pca
    case .entropy: .entropy
    case .critic: .critic
    case .merec: .merec
    case .importance: .importance
    case .bod: .bod
    }
  }

  public init(from decoder: any Decoder) throws {
    guard let container = try? decoder.container(keyedBy: CodingKeys.self) else {
      self.init(try decoder.singleValueContainer().decode(Method.self))
      return
    }
    switch try container.decode(Method.self, forKey: .method) {
    case .pca:
      self = .pca(
        try container.decodeIfPresent(ComponentConvention.self, forKey: .convention) ?? .firstComponent)
    case .importance:
      self = .importance(
        allowsNegative: try container.decodeIfPresent(Bool.self, forKey: .allowsNegative) ?? false)
    case .bod: self = .bod(try ShareBounds(from: decoder))
    case let method: self.init(method)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(method, forKey: .method)
    switch self {
    case .pca(let convention): try container.encode(convention, forKey: .convention)
    case .importance(let allowsNegative): try container.encode(allowsNegative, forKey: .allowsNegative)
    case .bod(let bounds): try bounds.encode(to: encoder)
    default: break
    }
  }
}
