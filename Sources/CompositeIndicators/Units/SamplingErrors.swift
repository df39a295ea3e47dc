public import Columnar

/// An indicator whose value is estimated from a sample: the only kind that can be given a standard error.
///
/// Official ratios and coded policy scores cannot be made into one, so no path leads to a standard error for them.
public struct SampledIndicator: Sendable, Hashable {
  public let code: String

  /// - Throws: `badData` where the indicator's kind is not declared, or is one that is not sampled.
  public init(_ indicator: Indicator) throws(ImmerseError) {
    guard let kind = indicator.kind else {
      throw ImmerseError(
        .badData, "an indicator of undeclared kind cannot be given a standard error", variable: indicator.code,
        remedy: "declare its kind in the framework")
    }
    guard kind.canCarrySamplingError else {
      throw ImmerseError(
        .badData, "an indicator of kind \(kind.rawValue) was not sampled and has no standard error",
        variable: indicator.code, remedy: "leave the standard error out, or correct the kind")
    }
    code = indicator.code
  }
}

/// The sampling covariance of the sampled indicators within each unit, and how far each value has been stretched since.
///
/// A step that is linear in a value multiplies that value's slope; one that is not makes the slope NaN, which no sum
/// can hide. Units are taken to be sampled independently of each other.
public struct SamplingErrors: Sendable {
  public let indicators: [SampledIndicator]
  /// Whether covariances between indicators were given; without them they count as zero.
  public let hasCovariances: Bool
  /// Row-wise lower triangle of the covariance matrix, one buffer over units for each element; nil is zero.
  private var covariances: [Buffer<Double>?]
  /// The derivative of the present value with respect to the estimate, for each indicator and unit.
  private(set) var slopes: [Buffer<Double>]

  /// How many units the errors are of.
  var unitCount: Int { slopes.first?.count ?? 0 }

  /// - Parameters:
  ///   - standardErrors: one buffer over units for each indicator; NaN where it is not known.
  ///   - covariances: between pairs of the indicators, by their positions.
  /// - Throws: `badData` where a standard error is negative or infinite, or a buffer has another length.
  public init(
    _ indicators: [SampledIndicator], standardErrors: [Buffer<Double>],
    covariances pairs: [(first: Int, second: Int, values: Buffer<Double>)] = []
  ) throws(ImmerseError) {
    guard let rows = standardErrors.first?.count, indicators.count == standardErrors.count,
      Set(indicators).count == indicators.count,
      (standardErrors + pairs.map(\.values)).allSatisfy({ $0.count == rows }),
      pairs.allSatisfy({
        indicators.indices.contains($0.first) && indicators.indices.contains($0.second) && $0.first != $0.second
      })
    else { throw ImmerseError(.badData, "standard errors and indicators do not match") }
    for (indicator, errors) in zip(indicators, standardErrors) {
      if errors.present.contains(where: { $0 < 0 || $0.isInfinite }) {
        throw ImmerseError(
          .badData, "a standard error is negative or infinite", variable: indicator.code,
          remedy: "leave it empty where it is not known")
      }
    }
    self.indicators = indicators
    hasCovariances = !pairs.isEmpty
    covariances = Array(repeating: nil, count: indicators.count * (indicators.count + 1) / 2)
    slopes = indicators.map { _ in Buffer([Double](repeating: 1, count: rows)) }
    for (index, errors) in standardErrors.enumerated() {
      covariances[Self.position(index, index)] = errors.mapped { $0 * $0 }
    }
    for pair in pairs { covariances[Self.position(pair.first, pair.second)] = pair.values }
  }

  private static func position(_ a: Int, _ b: Int) -> Int {
    let (row, column) = (max(a, b), min(a, b))
    return row * (row + 1) / 2 + column
  }

  /// The covariance of two indicators in a unit, by their positions; zero where none was given, NaN where not known.
  func covariance(_ a: Int, _ b: Int, unit: Int) -> Double {
    covariances[Self.position(a, b)]?[unit] ?? 0
  }

  /// The indicator's position, or nil where it has no standard errors.
  func index(of code: String) -> Int? {
    indicators.firstIndex { $0.code == code }
  }

  /// Multiplies the slopes of one indicator by those of a step; an indicator without standard errors is passed over.
  mutating func stretch(_ code: String, by slope: (Int) -> Double) {
    guard let index = index(of: code) else { return }
    let old = slopes[index]
    slopes[index] = Buffer((0..<old.count).map { old[$0] * slope($0) })
  }

  func select(_ rows: [Int]) -> SamplingErrors {
    var part = self
    part.covariances = covariances.map { $0?.select(rows) }
    part.slopes = slopes.map { $0.select(rows) }
    return part
  }

  /// The standard error of a linear combination of the sampled indicators in one unit; NaN where the combination
  /// holds an error that is not known. O(indicators²).
  func standardError(unit: Int, of combination: ArraySlice<Double>) -> Double {
    let weights = Array(combination)
    var variance = 0.0
    for a in weights.indices where weights[a] != 0 {
      for b in 0...a where weights[b] != 0 {
        guard let covariance = covariances[Self.position(a, b)] else { continue }
        variance += (a == b ? 1 : 2) * weights[a] * weights[b] * covariance[unit]
      }
    }
    // Rounding can leave the variance of a combination without error just below zero.
    return variance < 0 ? 0 : variance.squareRoot()
  }
}
