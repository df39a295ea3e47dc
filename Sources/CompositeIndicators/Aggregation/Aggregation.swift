import Columnar

/// How the children of an aggregate are averaged: always over those that have a value, with their weights rescaled to
/// sum to 1. A child of weight zero counts for the availability of values and for nothing else.
///
/// ```yaml
/// aggregate: arithmetic
/// aggregate: [arithmetic, {method: power, exponent: 0.5}]   # from level 2 up
/// aggregate: {method: mpi, penalty: minus}
/// ```
///
/// Source: OECD and JRC (2008), Handbook on Constructing Composite Indicators, section 7.
public enum Aggregation: Sendable, Equatable {
  /// Σ w x / Σ w.
  case arithmetic
  /// exp(Σ w ln x / Σ w), of positive values.
  case geometric
  /// Σ w / Σ (w / x), of positive values.
  case harmonic
  /// (Σ w x^p / Σ w)^(1/p), of positive values, or of values of zero and more where p is positive.
  case power(exponent: Double)
  /// The value up to which half of the weight lies; midway to the next where that is exactly half.
  case median
  /// The mean of the `atLeast` largest or of the `moreThan` smallest values, all where there are fewer; weights are not
  /// used. Source: Yager (1988), IEEE Transactions on Systems, Man and Cybernetics 18, 183-190.
  case owa(OrderedPart)
  /// M ∓ S²/M, M being the weighted mean and S the standard deviation of positive values: the Mazziotta-Pareto index,
  /// adjusted where values were normalised by `ampi`. Source: Mazziotta and Pareto (2016), Social Indicators Research
  /// 127, 983-1003; weighted: the same (2022), Rivista Italiana di Economia 76(4).
  case mpi(penalty: Penalty = .minus, sd: Divisor = .population)
  /// M - α (√((M - min)² + β²) - β): from the mean (α = 0) to the minimum (α = 1, β = 0). Source: Casadio Tarabusi and
  /// Guarini (2013), Social Indicators Research 112, 19-45.
  case meanMin(alpha: Double = 1, beta: Double = 0)
  /// 1 - d / (mean d + 2 SD d), d being the distance from the best value of every child among the reference units and SD
  /// having the divisor n - 1. Source: Hellwig (1968), Przegląd Statystyczny 15(4), 307-327.
  case wroclaw
  /// Reference units outranked less those by which a unit is outranked: e > 0.5 less e < 0.5, e being the weight of the
  /// children in which the unit is ahead, ties half. Source: Copeland (1951); Munda and Nardo (2009).
  case copeland
  /// The mean of e over the reference units, the unit itself among them as a tie.
  case outranking
  /// n less the place in the ranking that agrees with the most e over all pairs; for a unit outside the reference, midway
  /// between the two places where it agrees the most. Source: Kemeny (1959); Young and
  /// Levenglick (1978), SIAM Journal on Applied Mathematics 35, 285-300.
  case kemeny

  public enum OrderedPart: Sendable, Equatable {
    case atLeast(Int)
    case moreThan(Int)
  }

  /// Whether unbalanced values lower the index, as where more is better, or raise it.
  public enum Penalty: String, Codable, Sendable, CaseIterable { case minus, plus }

  /// Of a variance: the sum of weights, or that less one part in n.
  public enum Divisor: String, Codable, Sendable, CaseIterable { case population, sample }

  /// Whether a unit's score depends on the reference units.
  var needsReference: Bool {
    switch self {
    case .wroclaw, .copeland, .outranking, .kemeny: true
    case .arithmetic, .geometric, .harmonic, .power, .median, .owa, .mpi, .meanMin: false
    }
  }

  /// - Throws: `usage` where a setting is out of range.
  func check() throws(ImmerseError) {
    switch self {
    case .power(let exponent) where exponent == 0 || !exponent.isFinite:
      throw ImmerseError(
        .usage, "the exponent of a power mean must be a number other than 0",
        remedy: "use geometric, which is the limit at 0")
    case .owa(.atLeast(let count)) where count < 1, .owa(.moreThan(let count)) where count < 1:
      throw ImmerseError(.usage, "an ordered average is of one value or more")
    case .meanMin(let alpha, let beta) where !(alpha >= 0 && alpha <= 1 && beta >= 0 && beta.isFinite):
      throw ImmerseError(.usage, "mean_min needs an alpha within 0 and 1 and a beta of zero or more")
    default: break
    }
  }
}

extension Aggregation: Codable {
  public enum Method: String, Codable, Sendable, CaseIterable {
    case arithmetic, geometric, harmonic, power, median, owa, mpi
    case meanMin = "mean_min"
    case wroclaw, copeland, outranking, kemeny
  }

  enum CodingKeys: String, CodingKey {
    case method, exponent, penalty, sd, alpha, beta
    case atLeast = "at_least"
    case moreThan = "more_than"
  }

  /// The method with its standard settings, or nil where it has none.
  public init?(_ method: Method) {
    switch method {
    case .arithmetic: self = .arithmetic
    case .geometric: self = .geometric
    case .harmonic: self = .harmonic
    case .median: self = .median
    case .mpi: self = .mpi()
    case .meanMin: self = .meanMin()
    case .wroclaw: self = .wroclaw
    case .copeland: self = .copeland
    case .outranking: self = .outranking
    case .kemeny: self = .kemeny
    case .power, .owa: return nil
    }
  }

  public var method: Method {
    switch self {
    case .arithmetic: .arithmetic
    case .geometric: .geometric
    case .harmonic: .harmonic
    case .power: .power
    case .median: .median
    case .owa: .owa
    case .mpi: .mpi
    case .meanMin: .meanMin
    case .wroclaw: .wroclaw
    case .copeland: .copeland
    case .outranking: .outranking
    case .kemeny: .kemeny
    }
  }

  public init(from decoder: any Decoder) throws {
    guard let container = try? decoder.container(keyedBy: CodingKeys.self) else {
      let method = try decoder.singleValueContainer().decode(Method.self)
      guard let plain = Aggregation(method) else {
        throw DecodingError.dataCorrupted(
          .init(
            codingPath: decoder.codingPath,
            debugDescription:
              "\"\(method.rawValue)\" needs \(method == .power ? "an exponent" : "at_least or more_than")"))
      }
      self = plain
      return
    }
    switch try container.decode(Method.self, forKey: .method) {
    case .power: self = .power(exponent: try container.decode(Double.self, forKey: .exponent))
    case .owa:
      if let count = try container.decodeIfPresent(Int.self, forKey: .moreThan) {
        self = .owa(.moreThan(count))
      } else {
        self = .owa(.atLeast(try container.decode(Int.self, forKey: .atLeast)))
      }
    case .mpi:
      self = .mpi(
        penalty: try container.decodeIfPresent(Penalty.self, forKey: .penalty) ?? .minus,
        sd: try container.decodeIfPresent(Divisor.self, forKey: .sd) ?? .population)
    case .meanMin:
      self = .meanMin(
        alpha: try container.decodeIfPresent(Double.self, forKey: .alpha) ?? 1,
        beta: try container.decodeIfPresent(Double.self, forKey: .beta) ?? 0)
    case let method: self = Aggregation(method) ?? .arithmetic
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(method, forKey: .method)
    switch self {
    case .power(let exponent): try container.encode(exponent, forKey: .exponent)
    case .owa(.atLeast(let count)): try container.encode(count, forKey: .atLeast)
    case .owa(.moreThan(let count)): try container.encode(count, forKey: .moreThan)
    case .mpi(let penalty, let sd):
      try container.encode(penalty, forKey: .penalty)
      try container.encode(sd, forKey: .sd)
    case .meanMin(let alpha, let beta):
      try container.encode(alpha, forKey: .alpha)
      try container.encode(beta, forKey: .beta)
    default: break
    }
  }
}
