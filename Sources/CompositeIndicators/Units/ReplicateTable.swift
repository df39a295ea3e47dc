import Columnar
public import Streaming

/// A table of replicate estimates: one row for each unit and replicate, and what the spread of replicates means.
public struct ReplicateTable: Sendable {
  /// What multiplies the sum of squared deviations of R replicates.
  public enum Spread: Sendable, Equatable {
    /// 1 / R.
    case brr
    /// 1 / (R (1 - coefficient)²).
    case fay(Double)
    /// (R - 1) / R.
    case jk1
    /// 1.
    case jk2
    /// 1 / (R - 1).
    case bootstrap
    /// 4 / R.
    case sdr
    /// (1 + 1/R) / (R - 1): what imputing R times adds (Rubin 1987).
    case plausibleValues

    /// `brr`, `fay=0.5`, `jk1`, `jk2`, `bootstrap`, `sdr` or `pv`; nil for another text.
    public init?(_ text: String) {
      switch text {
      case "brr": self = .brr
      case "jk1": self = .jk1
      case "jk2": self = .jk2
      case "bootstrap": self = .bootstrap
      case "sdr": self = .sdr
      case "pv": self = .plausibleValues
      default:
        guard text.hasPrefix("fay="), let coefficient = Double(text.dropFirst(4)), coefficient >= 0, coefficient < 1
        else { return nil }
        self = .fay(coefficient)
      }
    }

    public func scale(_ count: Int) -> Double {
      let r = Double(count)
      return switch self {
      case .brr: 1 / r
      case .fay(let coefficient): 1 / (r * (1 - coefficient) * (1 - coefficient))
      case .jk1: (r - 1) / r
      case .jk2: 1
      case .bootstrap: 1 / (r - 1)
      case .sdr: 4 / r
      case .plausibleValues: (1 + 1 / r) / (r - 1)
      }
    }
  }

  public var source: any Source
  /// The column that numbers the replicates.
  public var replicate: String
  public var spread: Spread

  public init(_ source: any Source, replicate: String = "replicate", spread: Spread) {
    self.source = source
    self.replicate = replicate
    self.spread = spread
  }
}

/// Where replicates of units come from.
public enum Replicates: Sendable {
  /// Rows of tables that name the units.
  case tables([ReplicateTable])
  /// Values in the order of the units.
  case estimates([ReplicateEstimates])

  public var isEmpty: Bool {
    switch self {
    case .tables(let tables): tables.isEmpty
    case .estimates(let estimates): estimates.isEmpty
    }
  }
}

extension ScoreRequest {
  /// The units with the errors and covariances that replicates give.
  ///
  /// - Parameters:
  ///   - group: as in `units(from:group:engine:)`.
  ///   - replicates: of the units as read, in their order.
  func units(
    from source: any Source, group: String? = nil, _ replicates: Replicates, engine: Engine
  ) throws(ImmerseError) -> (units: UnitMatrix, replicates: [ReplicateEstimates]) {
    if !replicates.isEmpty, let code = standardErrors.keys.min() {
      throw ImmerseError(
        .usage, "has a column of standard errors beside replicates", variable: code, remedy: "give one of them")
    }
    var units = try units(from: source, group: group, engine: engine)
    var estimates: [ReplicateEstimates] = []
    switch replicates {
    case .estimates(let given): estimates = given
    case .tables(let tables):
      for table in tables {
        estimates.append(
          try ReplicateEstimates(
            reading: table.source, units: Array(units.units), unit: unit ?? source.columnNames.first ?? "",
            replicate: table.replicate, codes: framework.indicators.map(\.code), spread: table.spread, engine: engine))
      }
    }
    guard estimates.allSatisfy({ $0.values[0][0].count == units.units.count }) else {
      throw ImmerseError(.badData, "the replicates are of other units", place: .init(file: source.name))
    }
    if !estimates.isEmpty { units.sampling = try SamplingErrors(estimates, of: framework) }
    return (units, estimates)
  }
}
