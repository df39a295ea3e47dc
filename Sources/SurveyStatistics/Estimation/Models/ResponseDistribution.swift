import Numerics

/// The distribution of a generalised linear model's response, with its canonical link.
enum ResponseDistribution: Sendable {
  case gaussian, binomial, poisson

  /// The mean at a linear predictor.
  func mean(_ eta: Double) -> Double {
    switch self {
    case .gaussian: eta
    case .binomial: 1 / (1 + .exp(-eta))
    case .poisson: .exp(eta)
    }
  }

  /// The variance at a mean, which for a canonical link is also the mean's slope.
  func variance(_ mu: Double) -> Double {
    switch self {
    case .gaussian: 1
    case .binomial: mu * (1 - mu)
    case .poisson: mu
    }
  }

  /// The predictor from which iterations start: that of a mean close to the response.
  func start(_ y: Double) -> Double {
    switch self {
    case .gaussian: y
    case .binomial: .log((y + 0.5) / (1.5 - y))
    case .poisson: .log(y + 0.1)
    }
  }

  /// A row's share of the deviance.
  func deviance(_ y: Double, _ mu: Double) -> Double {
    func part(_ a: Double, _ b: Double) -> Double { a == 0 ? 0 : a * .log(a / b) }
    switch self {
    case .gaussian: return (y - mu) * (y - mu)
    case .binomial: return 2 * (part(y, mu) + part(1 - y, 1 - mu))
    case .poisson: return 2 * (part(y, mu) - (y - mu))
    }
  }

  func allows(_ y: Double) -> Bool {
    switch self {
    case .gaussian: true
    case .binomial: y >= 0 && y <= 1
    case .poisson: y >= 0
    }
  }

  var responses: String {
    switch self {
    case .gaussian: "numbers"
    case .binomial: "numbers from 0 to 1, or a category of two levels"
    case .poisson: "numbers that are not negative"
    }
  }
}
