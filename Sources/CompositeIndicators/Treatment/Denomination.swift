public import Columnar

/// Divides indicators by the columns the framework names as their denominators, and keeps the indicators only.
///
/// A missing denominator makes the value missing, and so does a zero one.
public struct Denomination: FrozenStep, Equatable {
  struct Column: Codable, Sendable, Equatable {
    var code: String
    var denominator: String?

    enum CodingKeys: String, CodingKey { case code, denominator }
  }

  let columns: [Column]

  enum CodingKeys: String, CodingKey { case columns }

  public init(_ indicators: [Indicator]) {
    columns = indicators.map { Column(code: $0.code, denominator: $0.denominator) }
  }

  public func apply(to units: UnitMatrix, threads: Int, notes: inout [Note]) throws(ImmerseError) -> UnitMatrix {
    var values: [Buffer<Double>] = []
    var sampling = units.sampling
    for column in columns {
      let numerator = try units.column(column.code)
      guard let name = column.denominator else {
        values.append(numerator)
        continue
      }
      let denominator = try units.column(name)
      values.append(Self.ratio(numerator, denominator))
      sampling?.stretch(column.code) { 1 / denominator[$0] }
      let zeros = denominator.withUnsafeBufferPointer { values in values.count { $0 == 0 } }
      if zeros > 0 {
        notes.append(
          Note("zero_denominator", "\"\(column.code)\" is missing where \"\(name)\" is zero: \(counted(zeros, "unit"))")
        )
      }
    }
    var result = units.with(columns.map(\.code), values)
    result.sampling = sampling
    return result
  }

  private static func ratio(_ numerator: Buffer<Double>, _ denominator: Buffer<Double>) -> Buffer<Double> {
    Buffer(count: numerator.count) { target in
      numerator.withUnsafeBufferPointer { x in
        denominator.withUnsafeBufferPointer { d in
          for row in 0..<x.count { target[row] = d[row] == 0 ? .nan : x[row] / d[row] }
        }
      }
    }
  }
}
