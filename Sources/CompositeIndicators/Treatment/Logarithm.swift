public import Columnar
import Numerics

/// Replaces the indicators that the framework measures on a logarithmic scale by their natural logarithms.
public struct Logarithm: FrozenStep, Equatable {
  public let codes: [String]

  enum CodingKeys: String, CodingKey { case codes }

  public init(_ indicators: [Indicator]) {
    codes = indicators.filter(\.isLogarithmic).map(\.code)
  }

  /// - Throws: `badData` where a value is zero or less.
  public func apply(to units: UnitMatrix, threads: Int, notes: inout [Note]) throws(ImmerseError) -> UnitMatrix {
    var result = units
    for code in codes {
      guard let index = units.codes.firstIndex(of: code) else { throw .missingColumn(code, among: units.codes) }
      let values = units.columns[index]
      let refused = values.withUnsafeBufferPointer { values in values.count { $0 <= 0 } }
      if refused > 0 {
        throw ImmerseError(
          .badData, "has no logarithm in \(counted(refused, "unit")): the value is zero or less", variable: code,
          remedy: "correct the values, or take \"log\" off the indicator")
      }
      result.replace(index, with: values.mapped { Double.log($0) })
      result.sampling?.stretch(code) { 1 / values[$0] }
    }
    return result
  }
}
