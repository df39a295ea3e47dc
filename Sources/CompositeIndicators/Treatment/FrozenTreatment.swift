public import Columnar
import Numerics

/// The cut-offs of each indicator, and what they did to the reference units.
public struct FrozenTreatment: FrozenStep, Equatable {
  public enum Rule: Codable, Sendable, Equatable {
    case none
    /// Values outside are drawn to the nearer limit.
    case clamp(lower: Double?, upper: Double?)
    /// log(x - minimum + 0.01 (maximum - minimum)).
    case logarithm(minimum: Double, maximum: Double)

    /// The treated column; NaN where a unit lies so far below the reference units that it has no logarithm.
    func apply(to values: Buffer<Double>) -> Buffer<Double> {
      switch self {
      case .none: return values
      case .clamp(let lower, let upper):
        let (least, greatest) = (lower ?? -.infinity, upper ?? .infinity)
        return values.mapped { $0 < least ? least : $0 > greatest ? greatest : $0 }
      case .logarithm(let minimum, let maximum):
        let shift = 0.01 * (maximum - minimum)
        return values.mapped { x in
          let distance = x - minimum + shift
          return distance > 0 ? Double.log(distance) : .nan
        }
      }
    }
  }

  public struct Column: Codable, Sendable, Equatable {
    public let code: String
    public internal(set) var rule: Rule
    /// Reference units winsorised.
    public internal(set) var points: Int
    public let before: Shape
    public internal(set) var after: Shape
    /// Whether the treated reference units have an acceptable shape.
    public internal(set) var passes = true

    enum CodingKeys: String, CodingKey { case code, rule, points, before, after, passes }
  }

  /// Empty where nothing is treated.
  public let columns: [Column]

  enum CodingKeys: String, CodingKey { case columns }

  public func apply(to units: UnitMatrix, notes: inout [Note]) throws(ImmerseError) -> UnitMatrix {
    var result = units
    for column in columns where column.rule != .none {
      guard let index = units.codes.firstIndex(of: column.code) else {
        throw .missingColumn(column.code, among: units.codes)
      }
      let rule = column.rule
      let old = units.columns[index]
      let new = rule.apply(to: old)
      result.replace(index, with: new)
      switch rule {
      case .logarithm: result.sampling?.stretch(column.code) { _ in .nan }
      default: result.sampling?.stretch(column.code) { old[$0] == new[$0] ? 1 : .nan }
      }
      note(column, lost: new.missingCount - old.missingCount, in: &notes)
    }
    return result
  }

  private func note(_ column: Column, lost: Int, in notes: inout [Note]) {
    switch column.rule {
    case .none: break
    case .clamp:
      notes.append(Note("winsorised", "\"\(column.code)\": \(counted(column.points, "reference unit")) winsorised"))
    case .logarithm:
      notes.append(Note("log_treated", "\"\(column.code)\": winsorising did not suffice, logarithms were taken"))
    }
    if !column.passes {
      notes.append(
        Note("still_outlying", "\"\(column.code)\" is still skewed and heavy-tailed after treatment"))
    }
    if lost > 0 {
      notes.append(
        Note(
          "outside_reference",
          "\"\(column.code)\" is missing where it lies too far below the reference units: \(counted(lost, "unit"))"))
    }
  }
}
