public import Columnar
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

    func scale(_ count: Int) -> Double {
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

extension ScoreRequest {
  /// The units, and the estimates of the tables for them.
  ///
  /// - Parameter group: as in `units(from:group:engine:)`.
  func units(
    from source: any Source, group: String? = nil, _ tables: [ReplicateTable], engine: Engine
  ) throws(ImmerseError) -> (units: UnitMatrix, replicates: [ReplicateEstimates]) {
    if !tables.isEmpty, let code = standardErrors.keys.min() {
      throw ImmerseError(
        .usage, "has a column of standard errors beside replicates", variable: code, remedy: "give one of them")
    }
    var units = try units(from: source, group: group, engine: engine)
    var replicates: [ReplicateEstimates] = []
    for table in tables {
      replicates.append(
        try ReplicateEstimates(
          reading: table.source, units: Array(units.units), unit: unit ?? source.columnNames.first ?? "",
          replicate: table.replicate, codes: framework.indicators.map(\.code), spread: table.spread, engine: engine))
    }
    if !replicates.isEmpty { units.sampling = try SamplingErrors(replicates, of: framework) }
    return (units, replicates)
  }
}
