import Columnar

/// How outlying values are drawn in before normalisation.
///
/// ```yaml
/// treat: winsorise
/// treat: {method: winsorise, winmax: 3, then: none}
/// treat: {method: winsorise, winmax_share: 0.02, then: box_cox, lambda: 0.5}
/// treat: log
/// ```
///
/// Winsorising follows COINr 1.1.14: while |skewness| >= 2 and kurtosis >= 3.5 (type 2), all units tied at the maximum
/// (the minimum, where skewness is negative) take the next value, until `winmax` units have been changed. Where that does
/// not suffice, the original values (with `combine`, the winsorised ones) are transformed by `then`. A transformation given
/// as the method itself is applied to the indicators whose shape is not acceptable.
public struct Treatment: Codable, Sendable, Equatable {
  public enum Method: String, Codable, Sendable, CaseIterable {
    case none, winsorise, log
    case signedLog = "signed_log"
    case shiftedLog = "shifted_log"
    case logGII = "log_gii"
    case boxCox = "box_cox"
  }

  public var method: Method
  /// How many units may be changed; nil for any number. Units tied at a value are changed together, past the limit if
  /// need be.
  public var winmax: Int?
  /// The same as a share of the units that have a value, for large numbers of units; it takes the place of `winmax`.
  public var winmaxShare: Double?
  public var skewness: Double
  public var kurtosis: Double
  /// What follows where winsorising does not suffice.
  public var then: Method
  /// Whether `then` transforms the winsorised values in place of the original ones.
  public var combine: Bool
  /// The exponent of Box and Cox.
  public var lambda: Double

  enum CodingKeys: String, CodingKey {
    case method, winmax, skewness, kurtosis, then, combine, lambda
    case winmaxShare = "winmax_share"
  }

  public init(
    _ method: Method = .none, winmax: Int? = 5, winmaxShare: Double? = nil, skewness: Double = 2,
    kurtosis: Double = 3.5,
    then: Method = .log, combine: Bool = false, lambda: Double = 0
  ) {
    self.method = method
    self.winmax = winmax
    self.winmaxShare = winmaxShare
    self.skewness = skewness
    self.kurtosis = kurtosis
    self.then = then
    self.combine = combine
    self.lambda = lambda
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
    winmaxShare = try container.decodeIfPresent(Double.self, forKey: .winmaxShare)
    skewness = try container.decodeIfPresent(Double.self, forKey: .skewness) ?? skewness
    kurtosis = try container.decodeIfPresent(Double.self, forKey: .kurtosis) ?? kurtosis
    then = try container.decodeIfPresent(Method.self, forKey: .then) ?? then
    combine = try container.decodeIfPresent(Bool.self, forKey: .combine) ?? combine
    lambda = try container.decodeIfPresent(Double.self, forKey: .lambda) ?? lambda
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(method, forKey: .method)
    try container.encode(winmax, forKey: .winmax)
    try container.encodeIfPresent(winmaxShare, forKey: .winmaxShare)
    try container.encode(skewness, forKey: .skewness)
    try container.encode(kurtosis, forKey: .kurtosis)
    try container.encode(then, forKey: .then)
    try container.encode(combine, forKey: .combine)
    try container.encode(lambda, forKey: .lambda)
  }

  /// The cut-offs these units call for. O(n log n) at worst for a column of n units, O(n) for values spread as usual.
  ///
  /// - Throws: `usage` where a setting is out of range.
  public func fit(_ units: UnitMatrix, threads: Int = 1) throws(ImmerseError) -> FrozenTreatment {
    guard method != .none else { return FrozenTreatment(columns: []) }
    if let winmaxShare { try requireShare(winmaxShare, "winmax_share") }
    guard then != .winsorise else {
      throw ImmerseError(
        .usage, "winsorising cannot follow itself", remedy: "raise winmax, or give another method as \"then\"")
    }
    guard lambda.isFinite else { throw ImmerseError(.usage, "the lambda of box_cox must be a number") }
    return FrozenTreatment(
      columns: try mapColumns(units.codes.count, threads) { fit(units.codes[$0], units.columns[$0]) })
  }

  private func fit(_ code: String, _ values: Buffer<Double>) -> FrozenTreatment.Column {
    // Sorted, so that the order of the units decides on nothing, be it by the last bit of a sum.
    let sorted = values.ascending
    let before = Shape(Buffer(sorted))
    var column = FrozenTreatment.Column(code: code, rules: [], points: 0, before: before, after: before)
    if passes(before) { return column }
    guard let minimum = sorted.first, let maximum = sorted.last else { return column }
    if method == .winsorise {
      let (low, high, shape) = winsorised(sorted, before)
      let clamp = FrozenTreatment.Rule.clamp(
        lower: low > 0 ? sorted[low] : nil, upper: high < sorted.count ? sorted[high - 1] : nil)
      column.rules = low > 0 || high < sorted.count ? [clamp] : []
      column.points = low + sorted.count - high
      column.after = shape
      if !passes(shape) && then != .none {
        let isKept = combine && !column.rules.isEmpty
        let (least, greatest) = isKept ? (sorted[low], sorted[high - 1]) : (minimum, maximum)
        transform(then, least, greatest, after: isKept ? column.rules : [], sorted, &column)
      }
    } else {
      transform(method, minimum, maximum, after: [], sorted, &column)
    }
    column.passes = passes(column.after)
    return column
  }

  private func transform(
    _ method: Method, _ minimum: Double, _ maximum: Double, after earlier: [FrozenTreatment.Rule], _ sorted: [Double],
    _ column: inout FrozenTreatment.Column
  ) {
    let isNegative = (column.before.skewness ?? 0) <= 0
    let rule: FrozenTreatment.Rule? =
      switch method {
      case .none, .winsorise: nil
      case .log: .logarithm(minimum: minimum, maximum: maximum)
      case .signedLog:
        isNegative
          ? .mirroredLogarithm(minimum: minimum, maximum: maximum) : .logarithm(minimum: minimum, maximum: maximum)
      case .shiftedLog: .boxCox(minimum: minimum, lambda: 0)
      case .logGII: .logarithmGII(minimum: minimum, maximum: maximum)
      case .boxCox: .boxCox(minimum: minimum, lambda: lambda)
      }
    guard let rule else { return }
    column.rules = earlier + [rule]
    if earlier.isEmpty { column.points = 0 }
    column.after = Shape(column.rules.reduce(Buffer(sorted)) { $1.apply(to: $0) })
  }

  /// How far both ends are drawn in: the values from `low` up to `high` are kept.
  private func winsorised(_ sorted: [Double], _ before: Shape) -> (low: Int, high: Int, shape: Shape) {
    let limit = winmaxShare.map { Int($0 * Double(sorted.count)) } ?? winmax ?? .max
    let shapes = ClampedShapes(sorted: sorted)
    var (low, high, shape) = (0, sorted.count, before)
    while !passes(shape), low + sorted.count - high < limit, let skewness = shape.skewness {
      if skewness >= 0 {
        while high > low + 1 && sorted[high - 2] == sorted[high - 1] { high -= 1 }
        high -= 1
      } else {
        while low + 1 < high && sorted[low] == sorted[low + 1] { low += 1 }
        low += 1
      }
      shape = shapes.shape(low: low, high: high)
    }
    return (low, high, shape)
  }

  private func passes(_ shape: Shape) -> Bool {
    shape.passes(skewness: skewness, kurtosis: kurtosis)
  }
}
