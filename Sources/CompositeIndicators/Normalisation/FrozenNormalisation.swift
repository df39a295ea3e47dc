public import Columnar

/// (x - origin) / span * scale + offset, kept within `least` and `greatest` where these are set.
public struct FrozenLine: Codable, Sendable, Equatable {
  public internal(set) var origin: Double
  public internal(set) var span: Double
  public internal(set) var scale: Double
  public internal(set) var offset: Double
  public internal(set) var least: Double?
  public internal(set) var greatest: Double?

  enum CodingKeys: String, CodingKey { case origin, span, scale, offset, least, greatest }

  init(origin: Double, span: Double, scale: Double, offset: Double) {
    self.origin = origin
    self.span = span
    self.scale = scale
    self.offset = offset
  }

  init(from first: Double, to last: Double, onto lower: Double = 0, _ upper: Double = 1) {
    self.init(origin: first, span: last - first, scale: upper - lower, offset: lower)
  }

  @inline(__always) func unbounded(_ x: Double) -> Double {
    (x - origin) / span * scale + offset
  }
}

/// The scale of each indicator.
public struct FrozenNormalisation: FrozenStep, Equatable {
  public enum RankForm: String, Codable, Sendable {
    case rank, borda
    case percentileRank = "percentile_rank"
  }

  /// Why an indicator has no scale.
  public enum Reason: String, Codable, Sendable {
    case noValues = "no_values"
    case oneValue = "one_value"
    case zeroRange = "zero_range"
    case noReference = "no_reference"

    var explanation: String {
      switch self {
      case .noValues: "no unit has a value"
      case .oneValue: "only one unit has a value"
      case .zeroRange: "its range is zero"
      case .noReference: "the reference unit has no value"
      }
    }

    fileprivate var remedy: String {
      switch self {
      case .noValues: "leave it out of the framework"
      case .oneValue, .zeroRange:
        "leave it out of the framework, or give it a scale that needs no other units, such as goalposts"
      case .noReference: "name a reference unit that has one"
      }
    }
  }

  public enum Scale: Codable, Sendable, Equatable {
    case linear(FrozenLine)
    /// The place among the reference units' values, in ascending order.
    case ranks(RankForm, sorted: [Double])
    case custom(CustomScale)
    case undefined(Reason)
  }

  public struct Column: Codable, Sendable, Equatable {
    public let code: String
    public let direction: Direction
    public let scale: Scale

    enum CodingKeys: String, CodingKey { case code, direction, scale }
  }

  /// Empty where values are left as they are.
  public let columns: [Column]

  enum CodingKeys: String, CodingKey { case columns }

  /// - Throws: `badData` where an indicator has no scale, naming all of them.
  func requireScales() throws(ImmerseError) {
    let faulty: [(code: String, reason: Reason)] = columns.compactMap {
      if case .undefined(let reason) = $0.scale { ($0.code, reason) } else { nil }
    }
    guard let first = faulty.first else { return }
    let others = faulty.dropFirst().map { "\"\($0.code)\" (\($0.reason.explanation))" }
    throw ImmerseError(
      .badData,
      "cannot be normalised: \(first.reason.explanation)"
        + (others.isEmpty ? "" : "; nor can \(Spelling.list(others))"),
      variable: first.code, remedy: first.reason.remedy)
  }

  /// An indicator without a scale becomes missing, with a note of the reason.
  public func apply(to units: UnitMatrix, threads: Int, notes: inout [Note]) throws(ImmerseError) -> UnitMatrix {
    let columns = columns
    let scaled = try makeColumns(columns.count, rows: units.units.count, threads) {
      (index: Int, target) throws(ImmerseError) in
      let column = columns[index]
      try column.scale.apply(to: try units.column(column.code), column.direction.sign, into: target)
    }
    var result = units
    for (column, new) in zip(columns, scaled) {
      guard let index = units.codes.firstIndex(of: column.code) else { continue }
      let values = units.columns[index]
      result.replace(index, with: new)
      switch column.scale {
      case .linear(let line):
        let sign = column.direction.sign
        result.sampling?.stretch(column.code) { row in
          let y = line.unbounded(sign * values[row])
          // Beyond a bound the score no longer follows the value.
          let isFree = y >= line.least ?? -.infinity && y <= line.greatest ?? .infinity
          return isFree ? sign * line.scale / line.span : .nan
        }
      case .ranks: result.sampling?.stretch(column.code) { _ in .nan }
      case .custom:
        result.sampling?.stretch(column.code) { _ in .nan }
        let lost = new.missingCount - values.missingCount
        if lost > 0 {
          notes.append(
            Note(
              "undefined_formula",
              "\"\(column.code)\" is missing where the formula of its scale has no value: \(counted(lost, "unit"))"))
        }
      case .undefined(let reason):
        notes.append(Note(reason.rawValue, "\"\(column.code)\" cannot be normalised: \(reason.explanation)"))
      }
    }
    return result
  }
}

extension FrozenNormalisation.Scale {
  /// - Parameter target: as many rows as values.
  func apply(
    to values: Buffer<Double>, _ sign: Double, into target: UnsafeMutableBufferPointer<Double>
  ) throws(ImmerseError) {
    switch self {
    case .linear(let line): Self.scale(values, sign, line, into: target)
    case .ranks(let form, let sorted): Self.rank(values, sign, form, sorted, into: target)
    case .custom(let custom):
      try custom.apply(to: values.mapped { sign * $0 }).withUnsafeBufferPointer { _ = target.initialize(from: $0) }
    case .undefined: target.initialize(repeating: .nan)
    }
  }

  private static func scale(
    _ values: Buffer<Double>, _ sign: Double, _ line: FrozenLine, into target: UnsafeMutableBufferPointer<Double>
  ) {
    guard line.least != nil || line.greatest != nil else {
      return values.map(into: target) { line.unbounded(sign * $0) }
    }
    let (least, greatest) = (line.least ?? -.infinity, line.greatest ?? .infinity)
    values.map(into: target) { x in
      let y = line.unbounded(sign * x)
      return y < least ? least : y > greatest ? greatest : y
    }
  }

  /// One more than the number of reference values below; a unit above all reference units has a percentile rank of 1.
  private static func rank(
    _ values: Buffer<Double>, _ sign: Double, _ form: FrozenNormalisation.RankForm, _ sorted: [Double],
    into target: UnsafeMutableBufferPointer<Double>
  ) {
    let last = Double(sorted.count - 1)
    sorted.withUnsafeBufferPointer { sorted in
      switch form {
      case .rank: values.map(into: target) { $0.isNaN ? .nan : Double(countBelow(sign * $0, in: sorted) + 1) }
      case .borda: values.map(into: target) { $0.isNaN ? .nan : Double(countBelow(sign * $0, in: sorted)) }
      case .percentileRank:
        values.map(into: target) { $0.isNaN ? .nan : min(1, Double(countBelow(sign * $0, in: sorted)) / last) }
      }
    }
  }
}

/// How many of the ascending values are smaller. O(log n).
func countBelow(_ value: Double, in sorted: UnsafeBufferPointer<Double>) -> Int {
  var (low, high) = (0, sorted.count)
  while low < high {
    let middle = (low + high) / 2
    if sorted[middle] < value { low = middle + 1 } else { high = middle }
  }
  return low
}
