import Columnar

/// How outlying values are drawn in before normalisation.
///
/// ```yaml
/// treat: winsorise
/// treat: {method: winsorise, winmax: 3, log_if_failing: false}
/// ```
///
/// Winsorising follows COINr 1.1.14: while |skewness| >= 2 and kurtosis >= 3.5 (type 2), all units tied at the maximum
/// (the minimum, where skewness is negative) take the next value, until `winmax` units have been changed. Where that does
/// not suffice the original values are replaced by log(x - min + 0.01 (max - min)).
public struct Treatment: Codable, Sendable, Equatable {
  public enum Method: String, Codable, Sendable, CaseIterable {
    case none, winsorise
  }

  public var method: Method
  /// How many units may be changed; nil for any number. Units tied at a value are changed together, past the limit if
  /// need be.
  public var winmax: Int?
  public var skewness: Double
  public var kurtosis: Double
  public var logIfFailing: Bool

  enum CodingKeys: String, CodingKey {
    case method, winmax, skewness, kurtosis
    case logIfFailing = "log_if_failing"
  }

  public init(
    _ method: Method = .none, winmax: Int? = 5, skewness: Double = 2, kurtosis: Double = 3.5, logIfFailing: Bool = true
  ) {
    self.method = method
    self.winmax = winmax
    self.skewness = skewness
    self.kurtosis = kurtosis
    self.logIfFailing = logIfFailing
  }

  public init(from decoder: any Decoder) throws {
    self.init()
    guard let container = try? decoder.container(keyedBy: CodingKeys.self) else {
      method = try decoder.singleValueContainer().decode(Method.self)
      return
    }
    method = try container.decode(Method.self, forKey: .method)
    // A null is "any number"; an absent key is the default.
    if container.contains(.winmax) { winmax = try container.decodeIfPresent(Int.self, forKey: .winmax) }
    skewness = try container.decodeIfPresent(Double.self, forKey: .skewness) ?? skewness
    kurtosis = try container.decodeIfPresent(Double.self, forKey: .kurtosis) ?? kurtosis
    logIfFailing = try container.decodeIfPresent(Bool.self, forKey: .logIfFailing) ?? logIfFailing
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(method, forKey: .method)
    try container.encode(winmax, forKey: .winmax)
    try container.encode(skewness, forKey: .skewness)
    try container.encode(kurtosis, forKey: .kurtosis)
    try container.encode(logIfFailing, forKey: .logIfFailing)
  }

  /// The cut-offs these units call for. O(n log n + k n) for a column of n units of which k distinct values are cut.
  public func fit(_ units: UnitMatrix) -> FrozenTreatment {
    guard method == .winsorise else { return FrozenTreatment(columns: []) }
    return FrozenTreatment(columns: zip(units.codes, units.columns).map { fit($0, $1.ascending) })
  }

  private func fit(_ code: String, _ sorted: [Double]) -> FrozenTreatment.Column {
    let before = Shape(sorted: sorted, low: 0, high: sorted.count)
    var (low, high, shape) = (0, sorted.count, before)
    var points: Int { low + sorted.count - high }
    while !passes(shape), points < winmax ?? .max, let skewness = shape.skewness {
      if skewness >= 0 {
        while high > low + 1 && sorted[high - 2] == sorted[high - 1] { high -= 1 }
        high -= 1
      } else {
        while low + 1 < high && sorted[low] == sorted[low + 1] { low += 1 }
        low += 1
      }
      shape = Shape(sorted: sorted, low: low, high: high)
    }
    var column = FrozenTreatment.Column(code: code, rule: .none, points: points, before: before, after: shape)
    if let minimum = sorted.first, let maximum = sorted.last, points > 0 || !passes(before) {
      if passes(shape) || !logIfFailing {
        column.rule = .clamp(lower: low > 0 ? sorted[low] : nil, upper: high < sorted.count ? sorted[high - 1] : nil)
      } else {
        column.rule = .logarithm(minimum: minimum, maximum: maximum)
        column.points = 0
        column.after = Shape(column.rule.apply(to: Buffer(sorted)).array)
      }
    }
    column.passes = column.after.passes(skewness: skewness, kurtosis: kurtosis)
    return column
  }

  private func passes(_ shape: Shape) -> Bool {
    shape.passes(skewness: skewness, kurtosis: kurtosis)
  }
}
