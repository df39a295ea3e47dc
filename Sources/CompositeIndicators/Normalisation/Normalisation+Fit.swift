public import Columnar
import Numerics
import Streaming

extension Normalisation {
  /// The scale of each indicator, frozen on these units.
  ///
  /// - Parameter indicators: those of the units' columns, in their order.
  /// - Throws: `usage` where a reference unit, goalposts or a target is missing or a setting makes no scale; `badData`
  ///   where a method does not fit the values.
  public func fit(_ units: UnitMatrix, _ indicators: [Indicator]) throws(ImmerseError) -> FrozenNormalisation {
    if self == .none { return FrozenNormalisation(columns: []) }
    var columns: [FrozenNormalisation.Column] = []
    for indicator in indicators {
      let scale = try fit(try units.column(indicator.code), indicator, units)
      columns.append(.init(code: indicator.code, direction: indicator.direction, scale: scale))
    }
    return FrozenNormalisation(columns: columns)
  }

  private func fit(
    _ values: Buffer<Double>, _ indicator: Indicator, _ units: UnitMatrix
  ) throws(ImmerseError) -> FrozenNormalisation.Scale {
    let sign = indicator.direction.sign
    let moments = values.withUnsafeBufferPointer { values in
      var moments = Moments()
      moments.absorb(values)
      return moments
    }
    guard moments.count > 0 else { return .undefined(.noValues) }
    // The range after the direction has been applied.
    let minimum = min(sign * moments.minimum, sign * moments.maximum)
    let maximum = max(sign * moments.minimum, sign * moments.maximum)
    switch self {
    case .none: return .linear(FrozenLine(from: 0, to: 1))
    case .minmax(let lower, let upper):
      return try line(from: minimum, to: maximum, onto: lower, upper)
    case .zscore(let mean, let sd):
      guard sd > 0 else { throw ImmerseError(.usage, "the SD of z-scores must be above zero") }
      guard moments.count > 1 else { return .undefined(.oneValue) }
      // Equal values that are not whole numbers can have a standard deviation of a few last bits.
      guard minimum < maximum else { return .undefined(.zeroRange) }
      let centre = sign * moments.mean
      return .linear(FrozenLine(origin: centre, span: moments.standardDeviation, scale: sd, offset: mean))
    case .scaled(let lower, let upper):
      guard lower < upper else { throw Self.emptyScale }
      return try line(
        from: min(sign * lower, sign * upper), to: max(sign * lower, sign * upper), onto: 0, 100)
    case .rank: return .ranks(.rank, sorted: reference(values, sign))
    case .borda: return .ranks(.borda, sorted: reference(values, sign))
    case .percentileRank:
      guard moments.count > 1 else { return .undefined(.oneValue) }
      return .ranks(.percentileRank, sorted: reference(values, sign))
    case .distanceToMax: return try line(from: minimum, to: maximum, onto: 0, 1)
    case .distanceToReference(let name, let capped):
      guard let row = units.units.firstIndex(of: name) else {
        throw ImmerseError(
          .usage, "the reference unit \"\(name)\" is not among the units", remedy: "name one of the units scored")
      }
      guard !values[row].isNaN else { return .undefined(.noReference) }
      return try line(from: minimum, to: sign * values[row], onto: 0, 1, cappedAt: capped ? 1 : nil)
    case .distanceToTarget(let capped):
      guard let target = indicator.target else {
        throw ImmerseError(.usage, "has no target in the framework", variable: indicator.code)
      }
      let scaled = sign * (try onScale(target, of: indicator))
      return try line(from: minimum, to: scaled, onto: 0, 1, cappedAt: capped ? 1 : nil)
    case .fractionOfMax:
      guard minimum > 0 else {
        throw ImmerseError(
          .badData, "a fraction of the maximum needs positive values and a positive direction",
          variable: indicator.code, remedy: "use minmax or distance_to_max")
      }
      return .linear(FrozenLine(from: 0, to: maximum))
    case .goalposts(let scale):
      guard let posts = indicator.goalposts else {
        throw ImmerseError(.usage, "has no goalposts in the framework", variable: indicator.code)
      }
      guard scale > 0 else { throw ImmerseError(.usage, "the scale of goalposts must be above zero") }
      let lower = sign * (try onScale(posts.lower, of: indicator))
      let upper = sign * (try onScale(posts.upper, of: indicator))
      var line = FrozenLine(from: min(lower, upper), to: max(lower, upper), onto: 0, scale)
      line.least = 0
      line.greatest = scale
      return .linear(line)
    }
  }

  /// A straight line that takes `first` to `lower` and `last` to `upper`; undefined where these are the same.
  private func line(
    from first: Double, to last: Double, onto lower: Double, _ upper: Double, cappedAt cap: Double? = nil
  ) throws(ImmerseError) -> FrozenNormalisation.Scale {
    guard lower < upper else { throw Self.emptyScale }
    if first == last { return .undefined(.zeroRange) }
    var line = FrozenLine(from: first, to: last, onto: lower, upper)
    line.greatest = cap
    return .linear(line)
  }

  private static let emptyScale = ImmerseError(.usage, "the lower end of a scale must be below its upper end")

  /// A setting in the units of the data, as the values have become.
  private func onScale(_ setting: Double, of indicator: Indicator) throws(ImmerseError) -> Double {
    guard indicator.isLogarithmic else { return setting }
    guard setting > 0 else {
      throw ImmerseError(
        .usage, "a target or goalpost of a logarithmic indicator must be above zero", variable: indicator.code)
    }
    return Double.log(setting)
  }

  private func reference(_ values: Buffer<Double>, _ sign: Double) -> [Double] {
    values.mapped { sign * $0 }.ascending
  }
}
