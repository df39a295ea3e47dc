public import Columnar
import Numerics

/// The cut-offs of each indicator, and what they did to the reference units.
public struct FrozenTreatment: FrozenStep, Equatable {
  public enum Rule: Codable, Sendable, Equatable {
    /// Values outside are drawn to the nearer limit.
    case clamp(lower: Double?, upper: Double?)
    /// log(x - minimum + 0.01 (maximum - minimum)).
    case logarithm(minimum: Double, maximum: Double)
    /// -log(maximum - x + 0.01 (maximum - minimum)), for a long lower tail.
    case mirroredLogarithm(minimum: Double, maximum: Double)
    /// log((maximum - 1) (x - minimum) / (maximum - minimum) + 1), as the Global Innovation Index.
    case logarithmGII(minimum: Double, maximum: Double)
    /// ((x - minimum + 1)^λ - 1) / λ, the logarithm where λ is 0.
    case boxCox(minimum: Double, lambda: Double)

    /// The treated column; NaN where a unit lies so far outside the reference units that the transformation has no value.
    func apply(to values: Buffer<Double>) -> Buffer<Double> {
      switch self {
      case .clamp(let lower, let upper):
        let (least, greatest) = (lower ?? -.infinity, upper ?? .infinity)
        return values.mapped { $0 < least ? least : $0 > greatest ? greatest : $0 }
      case .logarithm(let minimum, let maximum):
        let shift = 0.01 * (maximum - minimum)
        return values.mapped { Self.log($0 - minimum + shift) }
      case .mirroredLogarithm(let minimum, let maximum):
        let shift = 0.01 * (maximum - minimum)
        return values.mapped { -Self.log(maximum - $0 + shift) }
      case .logarithmGII(let minimum, let maximum):
        return values.mapped { Self.log((maximum - 1) * ($0 - minimum) / (maximum - minimum) + 1) }
      case .boxCox(let minimum, let lambda):
        if lambda == 0 { return values.mapped { Self.log($0 - minimum + 1) } }
        return values.mapped { x in
          let base = x - minimum + 1
          return base > 0 ? (Double.pow(base, lambda) - 1) / lambda : .nan
        }
      }
    }

    private static func log(_ x: Double) -> Double { x > 0 ? Double.log(x) : .nan }

    var isClamp: Bool { if case .clamp = self { true } else { false } }
  }

  public struct Column: Codable, Sendable, Equatable {
    public let code: String
    /// In the order of application; none where the indicator is left alone.
    public internal(set) var rules: [Rule]
    /// Reference units winsorised.
    public internal(set) var points: Int
    public let before: Shape
    public internal(set) var after: Shape
    /// Whether the treated reference units have an acceptable shape.
    public internal(set) var passes = true

    enum CodingKeys: String, CodingKey { case code, rules, points, before, after, passes }
  }

  /// Empty where nothing is treated.
  public let columns: [Column]

  enum CodingKeys: String, CodingKey { case columns }

  public func apply(to units: UnitMatrix, threads: Int, notes: inout [Note]) throws(ImmerseError) -> UnitMatrix {
    var result = units
    for column in columns {
      guard let index = units.codes.firstIndex(of: column.code) else {
        throw .missingColumn(column.code, among: units.codes)
      }
      let old = units.columns[index]
      let new = column.rules.reduce(old) { $1.apply(to: $0) }
      result.replace(index, with: new)
      if column.rules.contains(where: { !$0.isClamp }) {
        result.sampling?.stretch(column.code) { _ in .nan }
      } else if !column.rules.isEmpty {
        result.sampling?.stretch(column.code) { old[$0] == new[$0] ? 1 : .nan }
      }
      note(column, lost: new.missingCount - old.missingCount, in: &notes)
    }
    return result
  }

  private func note(_ column: Column, lost: Int, in notes: inout [Note]) {
    for rule in column.rules {
      switch rule {
      case .clamp:
        notes.append(Note("winsorised", "\"\(column.code)\": \(counted(column.points, "reference unit")) winsorised"))
      case .logarithm, .mirroredLogarithm, .logarithmGII:
        notes.append(Note("log_treated", "\"\(column.code)\": logarithms were taken against outliers"))
      case .boxCox(_, let lambda):
        notes.append(
          lambda == 0
            ? Note("log_treated", "\"\(column.code)\": logarithms were taken against outliers")
            : Note("box_cox_treated", "\"\(column.code)\": transformed after Box and Cox with lambda \(lambda)"))
      }
    }
    if !column.passes {
      notes.append(
        Note("still_outlying", "\"\(column.code)\" is still skewed and heavy-tailed after treatment"))
    }
    if lost > 0 {
      notes.append(
        Note(
          "outside_reference",
          "\"\(column.code)\" is missing where it lies too far outside the reference units: \(counted(lost, "unit"))"))
    }
  }
}
