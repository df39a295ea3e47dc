public import Columnar

/// How replicate weights are made from a sample, and so how the spread of replicate estimates becomes a variance.
///
/// Written `brr`, `fay=0.5`, `jk1`, `jkn`, `jk2`, `bootstrap`, `rao-wu-yue-beaumont`, `generalised`, `sdr` or `other`.
public enum ReplicateMethod: Sendable, Hashable {
  /// Balanced repeated replication: in each replicate one PSU of every stratum counts twice, the other not at all
  /// (McCarthy 1969).
  case brr
  /// The same, with the halves counting `2 − coefficient` and `coefficient` (Fay 1989; Judkins 1990).
  case fay(Double)
  /// The jackknife that leaves out one PSU of an unstratified sample at a time.
  case jk1
  /// The jackknife that leaves out one PSU of one stratum at a time.
  case jkn
  /// One replicate for each stratum (zone) of two PSUs: one counts twice, the other not at all.
  case jk2
  /// n − 1 PSUs of each stratum drawn with replacement (Rao and Wu 1988).
  case bootstrap
  /// The bootstrap for several stages with population sizes (Rao, Wu and Yue 1992; Beaumont and Émond 2022).
  case raoWuYueBeaumont
  /// Normal factors whose covariance is the quadratic form of the design's variance (Beaumont and Patak 2012).
  case generalised
  /// Successive differences of a systematic sample (Fay and Train 1995).
  case sdr
  /// Replicates whose scale is given.
  case other

  /// The method a text names, or nil.
  public init?(_ text: String) {
    if text.hasPrefix("fay") {
      let rest = text.dropFirst(3)
      guard rest.isEmpty || rest.first == "=" else { return nil }
      guard let coefficient = rest.isEmpty ? 0.5 : Double(rest.dropFirst()), coefficient >= 0, coefficient < 1 else {
        return nil
      }
      self = .fay(coefficient)
    } else if let method = ReplicateMethod.named[text] {
      self = method
    } else {
      return nil
    }
  }

  private static let named: [String: ReplicateMethod] = [
    "brr": .brr, "jk1": .jk1, "jkn": .jkn, "jk2": .jk2, "bootstrap": .bootstrap,
    "rao-wu-yue-beaumont": .raoWuYueBeaumont, "generalised": .generalised, "sdr": .sdr, "other": .other,
  ]

  /// - Throws: `usage` for a text that names no method.
  public static func parse(_ text: String) throws(ImmerseError) -> ReplicateMethod {
    guard let method = ReplicateMethod(text) else {
      throw ImmerseError(.usage, "\"\(text)\" is no method of replication", remedy: "they are \(spellings)")
    }
    return method
  }

  public static let spellings =
    "brr, fay=COEFFICIENT, jk1, jkn, jk2, bootstrap, rao-wu-yue-beaumont, generalised, sdr, other"

  /// The text that names it.
  public var name: String {
    switch self {
    case .fay(let coefficient): "fay=\(coefficient)"
    case let method: ReplicateMethod.named.first { $0.value == method }?.key ?? ""
    }
  }

  /// What multiplies the sum of squared deviations of `count` replicates; nil where it cannot be known from their
  /// number alone.
  func scale(count: Int) -> Double? {
    let r = Double(count)
    return switch self {
    case .brr: 1 / r
    case .fay(let coefficient): 1 / (r * (1 - coefficient) * (1 - coefficient))
    case .jk1: (r - 1) / r
    case .jk2: 1
    case .bootstrap: count > 1 ? 1 / (r - 1) : nil
    case .raoWuYueBeaumont, .generalised: 1 / r
    case .sdr: 4 / r
    case .jkn, .other: nil
    }
  }
}

extension ReplicateMethod: Codable, Spelled {
  public static let example = "fay=0.5"

  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let method = ReplicateMethod(text) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "\"\(text)\" is no method of replication; they are \(ReplicateMethod.spellings)"))
    }
    self = method
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }
}
