import Columnar
import Expressions

/// A scale that a formula gives: of the value `x`, and of constants frozen on the reference units.
public struct CustomScale: Codable, Sendable, Equatable {
  public let formula: String
  /// What the reference units have for each name the formula uses; nil where it is not defined, as the SD of one unit.
  public let constants: [String: Double?]

  enum CodingKeys: String, CodingKey { case formula, constants }

  /// - Throws: `usage` where the formula cannot be read, or uses a name that is neither `x` nor known.
  init(_ formula: String, known: [String: Double?]) throws(ImmerseError) {
    let expression = try Expression(parsing: formula)
    var constants: [String: Double?] = [:]
    for name in expression.columnRequests.map(\.name) where name != "x" {
      guard let value = known[name] else {
        throw ImmerseError(
          .usage, "the formula of a scale knows no \"\(name)\"",
          remedy: "it may use x, \(Spelling.list(known.keys.sorted()))")
      }
      constants[name] = value
    }
    self.formula = formula
    self.constants = constants
  }

  /// - Throws: `usage` where the formula is text.
  func apply(to values: Buffer<Double>) throws(ImmerseError) -> Buffer<Double> {
    let count = values.count
    let columns = constants.map { name, value in
      (name: name, column: Column(.float64(Buffer([Double](repeating: (value ?? nil) ?? .nan, count: count)))))
    }
    let batch = Batch([("x", Column(.float64(values)))] + columns, rowCount: count)
    return try Expression(parsing: formula).evaluateNumbers(batch)
  }
}

/// The middle of sorted values, midway between the two middle ones of an even number; NaN of none.
func median(ofSorted values: [Double]) -> Double {
  if values.isEmpty { return .nan }
  let middle = values.count / 2
  return values.count % 2 == 1 ? values[middle] : values[middle - 1] / 2 + values[middle] / 2
}
