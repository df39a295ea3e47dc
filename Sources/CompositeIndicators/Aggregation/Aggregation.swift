import Columnar

/// How the children of an aggregate are averaged: always over those that have a value, with their weights rescaled to
/// sum to 1.
///
/// ```yaml
/// aggregate: arithmetic
/// aggregate: [arithmetic, {method: power, exponent: 0.5}]   # from level 2 up
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
}

extension Aggregation: Codable {
  public enum Method: String, Codable, Sendable, CaseIterable {
    case arithmetic, geometric, harmonic, power, median
  }

  enum CodingKeys: String, CodingKey { case method, exponent }

  /// The method, or nil where it needs a setting.
  public init?(_ method: Method) {
    switch method {
    case .arithmetic: self = .arithmetic
    case .geometric: self = .geometric
    case .harmonic: self = .harmonic
    case .median: self = .median
    case .power: return nil
    }
  }

  public var method: Method {
    switch self {
    case .arithmetic: .arithmetic
    case .geometric: .geometric
    case .harmonic: .harmonic
    case .power: .power
    case .median: .median
    }
  }

  public init(from decoder: any Decoder) throws {
    guard let container = try? decoder.container(keyedBy: CodingKeys.self) else {
      let method = try decoder.singleValueContainer().decode(Method.self)
      guard let plain = Aggregation(method) else {
        throw DecodingError.dataCorrupted(
          .init(codingPath: decoder.codingPath, debugDescription: "\"\(method.rawValue)\" needs an exponent"))
      }
      self = plain
      return
    }
    let method = try container.decode(Method.self, forKey: .method)
    self = try Aggregation(method) ?? .power(exponent: try container.decode(Double.self, forKey: .exponent))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(method, forKey: .method)
    if case .power(let exponent) = self { try container.encode(exponent, forKey: .exponent) }
  }
}
