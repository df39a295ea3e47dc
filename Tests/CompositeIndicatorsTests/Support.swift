import Columnar
import CompositeIndicators
import Foundation
import Streaming

/// A few units u1, u2, ... with the named columns; nil is missing.
func units(_ columns: [(String, [Double?])], group: [String?]? = nil) -> UnitMatrix {
  UnitMatrix(
    units: (1...max(1, columns[0].1.count)).map { "u\($0)" }, codes: columns.map(\.0),
    columns: columns.map { Buffer($0.1.map { $0 ?? .nan }) }, group: group.map { Column($0).categories })
}

/// The same as a table, units in the first column.
func table(_ columns: [(String, [Double?])]) -> Table {
  Table(
    [("unit", Column((1...columns[0].1.count).map { "u\($0)" as String? }))]
      + columns.map { ($0.0, Column($0.1.map { $0 ?? .nan })) })
}

/// Values to compare, missing ones as NaN.
func values(_ buffer: Buffer<Double>?) -> [Double] { buffer?.array ?? [] }

/// Whether two lists agree, NaN with NaN.
func sameBits(_ a: [Double], _ b: [Double]) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
}

func decode<T: Decodable>(_ type: T.Type, _ json: String) throws -> T {
  try JSONDecoder().decode(type, from: Data(json.utf8))
}

/// A flat framework of indicators under one index.
func flat(_ indicators: [Indicator]) -> Framework {
  Framework(
    indicators: indicators.map { indicator in
      var child = indicator
      child.parents = ["Index"]
      return child
    }, aggregates: [Aggregate("Index")])
}

let engine = Engine(threads: 2)

func roundTrip<T: Codable>(_ value: T) throws -> T {
  try JSONDecoder().decode(T.self, from: JSONEncoder().encode(value))
}
