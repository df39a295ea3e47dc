public import Columnar
import Expressions
public import Streaming

/// What terms that depend on all rows need to know of them: means to centre at, coefficients of polynomials.
///
/// Found in a pass of its own, over the rows that are complete in every variable of the model and whose further numbers
/// are above zero.
public struct TermStatistics: Sendable {
  /// By centring, the mean of each group by its level's code, or the only mean.
  var means: [Variable: [Double]] = [:]
  /// By polynomial, the coefficients of each degree from 1.
  var polynomials: [Variable: [PolynomialCoefficients]] = [:]

  public init() {}

  /// The same for the same statistics, and for no others.
  public var signature: String {
    let means = means.map { "\($0.key.label) \($0.value)" }
    let polynomials = polynomials.map { "\($0.key.label) \($0.value)" }
    return (means + polynomials).sorted().joined(separator: "; ")
  }

  /// The pass that finds what a formula needs; nil where it needs nothing.
  public static func fit(
    _ formula: Formula, furtherNumbers: [String], furtherGroups: [String] = [], profile: Profile
  ) throws(ImmerseError) -> TermStatisticsFit? {
    let terms = formula.covariates.filter(\.dependsOnAllRows)
    if terms.isEmpty { return nil }
    let frame = try ModelFrame(
      formula, furtherNumbers: furtherNumbers, furtherGroups: furtherGroups, profile: profile)
    return try TermStatisticsFit(frame, terms: terms)
  }
}

extension Variable {
  var dependsOnAllRows: Bool {
    switch self {
    case .column, .category, .expression: false
    case .polynomial(let polynomial): !polynomial.isRaw
    case .centred: true
    }
  }
}

/// A polynomial of a shifted and scaled argument, in ascending powers.
struct PolynomialCoefficients: Sendable, Equatable {
  let scale: ColumnScale
  let coefficients: [Double]

  /// By Horner's rule.
  @inline(__always)
  func value(_ x: Double) -> Double {
    let t = (x - scale.shift) / scale.scale
    return coefficients.reversed().reduce(0) { $0 * t + $1 }
  }
}

/// Where a centred term is centred.
struct Centre: Sendable {
  let isMean: Bool
  /// The groups' column; nil for one mean of all rows.
  let group: (name: String, levels: Levels)?
  /// By code of the group's level; nil until a pass has found them.
  let means: [Double]?
  let weights: String?

  init(_ centring: Centring, levels: Levels?, means: [Double]?) {
    isMean = centring.result == .mean
    group = centring.group.flatMap { name in levels.map { (name, $0) } }
    weights = centring.weights
    self.means = means
  }

  /// The centred values, or the means; where they are not known yet, the values themselves.
  ///
  /// What lacks its group, or a weight that the means are taken with, is missing.
  func apply(to values: Buffer<Double>, in batch: Batch) throws(ImmerseError) -> Buffer<Double> {
    let codes = try group.map { group throws(ImmerseError) in
      try batch.categories(group.name).recoded(to: group.levels).codes.array
    }
    let weights = try weights.map { name throws(ImmerseError) in try batch.numbers(name).array }
    let numbers = values.array
    return Buffer(
      numbers.indices.map { row in
        let code = codes.map { Int($0[row]) } ?? 0
        guard code >= 0, !numbers[row].isNaN, weights.map({ !$0[row].isNaN }) ?? true else { return .nan }
        guard let means else { return numbers[row] }
        return isMean ? means[code] : numbers[row] - means[code]
      })
  }
}

extension Buffer<Double> {
  func mapped(_ function: (Double) -> Double) -> Buffer<Double> { Buffer(array.map(function)) }
}
