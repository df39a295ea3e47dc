import Columnar
import Foundation
import Streaming
import TestSupport

@testable import MultilevelModels

/// The committed tables, read as text and numbers: a column is numeric where every cell is a number without quotes.
enum Fixture {
  static func table(_ file: String) throws -> Table {
    try parse(String(decoding: try Data(contentsOf: TestFiles.golden("multilevel/\(file)")), as: UTF8.self))
  }

  static func parse(_ text: String) throws -> Table {
    let lines = text.split(whereSeparator: \.isNewline).map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    let names = lines[0].map { $0.filter { $0 != "\"" } }
    let rows = lines.dropFirst()
    let columns = names.indices.map { index -> (name: String, column: Column) in
      let cells = rows.map { String($0[index]) }
      if let numbers = cells.reduce(
        into: [Double]?([]),
        { numbers, cell in
          if let number = Double(cell) { numbers?.append(number) } else { numbers = nil }
        })
      {
        return (names[index], Column(numbers))
      }
      return (names[index], Column(cells.map { Optional($0.filter { $0 != "\"" }) }))
    }
    return Table(columns)
  }

  static func goldens(_ file: String, id: String) throws -> GoldenJSON {
    try GoldenJSON(TestFiles.golden("multilevel/\(file).json")).first(where: "id", is: id)
  }
}

extension Table {
  /// The table with a numeric column computed from another's rows, added or replaced.
  func adding(_ name: String, _ values: [Double]) -> Table {
    var batch = batch
    batch.set(name, Column(values))
    return Table(batch)
  }

  func adding(_ name: String, _ values: [String]) -> Table {
    var batch = batch
    batch.set(name, Column(values.map { Optional($0) }))
    return Table(batch)
  }

  func numbers(_ name: String) -> [Double] { batch[name]?.numbers?.array ?? [] }

  func strings(_ name: String) -> [String] {
    guard let categories = batch[name]?.categories else { return [] }
    return categories.codes.array.map { $0 < 0 ? "" : categories.levels[Int($0)] }
  }

  /// The rows at these positions, in this order.
  func rows(_ positions: [Int]) -> Table {
    Table(
      zip(batch.names, batch.columns).map { name, column in
        if let numbers = column.numbers { return (name, Column(positions.map { numbers[$0] })) }
        let strings = strings(name)
        return (name, Column(positions.map { Optional(strings[$0]) }))
      })
  }
}

extension LinearMixedModel {
  static func of(_ request: FitRequest, _ table: some Source, threads: Int = 1) throws -> LinearMixedModel {
    let plan = try ModelPlan(request)
    let engine = Engine(threads: threads)
    let dataset = try Dataset(table, columns: try plan.columns, engine: engine)
    let grams = try dataset.fit(try GramFit(plan, profile: dataset.profile), with: engine)
    return try LinearMixedModel(grams, threads: threads)
  }
}
