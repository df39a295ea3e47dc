public import Columnar
import Expressions
import Numerics
import Streaming

extension Normalisation {
  /// The scale of each indicator, frozen on these units.
  ///
  /// - Parameter indicators: those of the units' columns, in their order.
  /// - Throws: `usage` where a reference unit, goalposts or a target is missing or a setting makes no scale; `badData`
  ///   where a method does not fit the values.
  public func fit(
    _ units: UnitMatrix, _ indicators: [Indicator], threads: Int = 1
  ) throws(ImmerseError) -> FrozenNormalisation {
    let fitted = indicators.filter { ($0.normalise ?? self) != .none }
    let scales = try mapColumns(fitted.count, threads) { (index: Int) throws(ImmerseError) in
      let indicator = fitted[index]
      return try (indicator.normalise ?? self).fit(try units.column(indicator.code), indicator, units)
    }
    return FrozenNormalisation(
      columns: zip(fitted, scales).map { .init(code: $0.code, direction: $0.direction, scale: $1) })
  }

  private func fit(
    _ values: Buffer<Double>, _ indicator: Indicator, _ units: UnitMatrix
  ) throws(ImmerseError) -> FrozenNormalisation.Scale {
    let sign = indicator.direction.sign
    let extent = values.withUnsafeBufferPointer { Extent($0) }
    guard extent.count > 0 else { return .undefined(.noValues) }
    // The range after the direction has been applied.
    let minimum = min(sign * extent.least, sign * extent.greatest)
    let maximum = max(sign * extent.least, sign * extent.greatest)
    switch self {
    case .none: return .linear(FrozenLine(from: 0, to: 1))
    case .minmax(let lower, let upper):
      return try line(from: minimum, to: maximum, onto: lower, upper)
    case .zscore(let mean, let sd):
      guard sd > 0 else { throw ImmerseError(.usage, "the SD of z-scores must be above zero") }
      guard extent.count > 1 else { return .undefined(.oneValue) }
      // Equal values that are not whole numbers can have a standard deviation of a few last bits.
      guard minimum < maximum else { return .undefined(.zeroRange) }
      let moments = moments(values)
      // Values so close to zero that their squares vanish have none either.
      guard moments.standardDeviation.isNormal else { return .undefined(.zeroRange) }
      return .linear(FrozenLine(origin: sign * moments.mean, span: moments.standardDeviation, scale: sd, offset: mean))
    case .scaled(let lower, let upper):
      guard lower < upper else { throw Self.emptyScale }
      return try line(
        from: min(sign * lower, sign * upper), to: max(sign * lower, sign * upper), onto: 0, 100)
    case .rank: return .ranks(.rank, sorted: reference(values, sign))
    case .borda: return .ranks(.borda, sorted: reference(values, sign))
    case .percentileRank:
      guard extent.count > 1 else { return .undefined(.oneValue) }
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
    case .ampi(let base):
      guard minimum < maximum else { return .undefined(.zeroRange) }
      guard let reference = try baseMean(values, base, units) else { return .undefined(.noReference) }
      return .linear(FrozenLine(origin: sign * reference, span: maximum - minimum, scale: 60, offset: 100))
    case .custom(let formula):
      let (sorted, moments) = (reference(values, sign), moments(values))
      let known = [
        "min": minimum, "max": maximum, "mean": sign * moments.mean, "sd": moments.standardDeviation,
        "median": median(ofSorted: sorted), "n": Double(moments.count),
      ]
      let custom = try CustomScale(formula, known: known.mapValues { $0.isFinite ? $0 : nil })
      return .custom(custom)
    }
  }

  /// The mean of the base period, of the first one where none is named, of all units where there are no periods.
  private func baseMean(
    _ values: Buffer<Double>, _ base: String?, _ units: UnitMatrix
  ) throws(ImmerseError) -> Double? {
    var rows = Array(units.units.indices)
    if let period = units.period {
      let code = base.map { period.levels.code(of: $0) } ?? 0
      guard let code else {
        throw ImmerseError(
          .usage, "the base \"\(base ?? "")\" is not among the periods",
          remedy: "the periods are \(Spelling.list(period.levels.names))")
      }
      rows = rows.filter { period.codes[$0] == code }
    } else if let base {
      throw ImmerseError(
        .usage, "there are no periods among which \"\(base)\" could be the base", remedy: "name the column of years")
    }
    let moments = moments(values.select(rows))
    return moments.count > 0 ? moments.mean : nil
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

  private func moments(_ values: Buffer<Double>) -> Moments {
    var moments = Moments()
    values.withUnsafeBufferPointer { moments.absorb($0) }
    return moments
  }

  private func reference(_ values: Buffer<Double>, _ sign: Double) -> [Double] {
    values.mapped { sign * $0 }.ascending
  }
}
