import Columnar

/// Within which limits a unit may choose its own weights.
public struct ShareBounds: Codable, Sendable, Equatable {
  public enum Share: String, Codable, Sendable, CaseIterable {
    /// w_q / Σ w.
    case weight
    /// w_q x_q / Σ w x: what a part contributes to the unit's score. Source: Cherchye, Moesen, Rogge and Van Puyenbroeck
    /// (2007), Social Indicators Research 82, 111-145.
    case pie
  }

  /// The least share of every part.
  public var lower: Double
  /// The greatest share of every part.
  public var upper: Double
  public var share: Share

  enum CodingKeys: String, CodingKey { case lower, upper, share }

  public init(lower: Double = 0, upper: Double = 1, share: Share = .weight) {
    self.lower = lower
    self.upper = upper
    self.share = share
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    lower = try container.decodeIfPresent(Double.self, forKey: .lower) ?? 0
    upper = try container.decodeIfPresent(Double.self, forKey: .upper) ?? 1
    share = try container.decodeIfPresent(Share.self, forKey: .share) ?? .weight
  }

  /// - Throws: `usage` where no shares of `count` parts lie within the bounds.
  func check(_ count: Int, of aggregate: String) throws(ImmerseError) {
    func refusal(_ problem: String, _ remedy: String) -> ImmerseError {
      ImmerseError(.usage, problem, variable: aggregate, remedy: remedy)
    }
    guard lower >= 0, upper <= 1, lower <= upper else {
      throw refusal(
        "the bounds \(lower) and \(upper) of \(share.rawValue) shares do not lie within 0 and 1, the lower first",
        "write {method: bod, lower: 0.1, upper: 0.5}")
    }
    guard isAllowed(count) else {
      throw refusal(
        "\(counted(count, "part")) with \(share.rawValue) shares of at most \(upper) make no whole", "raise upper")
    }
    guard lower * Double(count) <= 1 + 1e-12 else {
      throw refusal(
        "\(counted(count, "part")) with \(share.rawValue) shares of at least \(lower) make more than a whole",
        "reduce lower")
    }
  }

  /// Whether so many parts can make a whole.
  func isAllowed(_ count: Int) -> Bool { upper * Double(count) >= 1 - 1e-12 }

  /// Adds to a program that the share of each part, w_q a_q / Σ w a, lies within the bounds.
  func bind(_ program: inout LinearProgram, _ amounts: [Double]) {
    for own in amounts.indices {
      if lower > 0 {
        program.require(amounts.indices.map { lower * amounts[$0] - ($0 == own ? amounts[$0] : 0) }, atMost: 0)
      }
      if upper < 1 {
        program.require(amounts.indices.map { ($0 == own ? amounts[$0] : 0) - upper * amounts[$0] }, atMost: 0)
      }
    }
  }
}
