import Columnar
import DataFormats
import Foundation
import Streaming
import TestSupport

@testable import MultilevelModels

/// The committed tables and goldens.
enum Fixture {
  static func table(_ file: String) throws -> Table { try table(TestFiles.golden("multilevel/\(file)")) }

  /// A small file as a table in memory.
  static func table(_ file: URL) throws -> Table {
    let source = try DataFile.open(file.path)
    return Table(try source.chunk(0, source.columnNames.map { .native($0) }))
  }

  static func golden(_ file: String, id: String) throws -> GoldenJSON {
    try GoldenJSON(TestFiles.golden("multilevel/\(file).json")).first(where: "id", is: id)
  }

  /// Hsb82 with the reference levels of the goldens.
  static func hsb82() throws -> Table {
    try table("Hsb82.csv").declaring("sector", ["Public", "Catholic"])
  }

  /// Hsb82 with the weights of its weighted goldens: `c1` of rows and `c2` of schools, conditional.
  static func weightedHsb82() throws -> Table {
    let table = try hsb82()
    let schools = table.strings("school")
    var order: [String: Int] = [:]
    for school in schools where order[school] == nil { order[school] = order.count + 1 }
    return table.adding("c1", schools.indices.map { 0.5 + Double(7 * ($0 + 1) % 11) / 8 })
      .adding("c2", schools.map { 1 + 0.5 * Double((order[$0] ?? 0) % 4) })
  }

  /// sleepstudy in four groups, with the weights of its three-level goldens: `w1`, `w2`, `w3`, conditional.
  static func groupedSleepstudy() throws -> Table {
    let table = try table("sleepstudy.csv")
    let subjects = table.strings("Subject")
    let groups = [
      "2": ["310", "309", "349", "335"], "3": ["330", "352", "337", "369"], "4": ["331", "332", "334", "372"],
    ]
    let group = subjects.map { subject in groups.first { $0.value.contains(subject) }?.key ?? "1" }
    return table.adding("Group", group)
      .adding("w1", subjects.indices.map { $0 < 4 ? 2 : 1 })
      .adding("w2", subjects.map { $0 == "308" ? 2 : 1 })
      .adding("w3", group.map { $0 == "1" ? 2 : 1 })
  }
}

extension Table {
  /// The table with a column added or replaced.
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

  /// The table with a text column turned into a category whose levels have this order.
  func declaring(_ name: String, _ levels: [String]) -> Table {
    var batch = batch
    let list = Levels(levels, isDeclared: true)
    let codes = strings(name).map { list.code(of: $0) ?? -1 }
    batch.set(name, Column(.category(Buffer(codes), list)))
    return Table(batch)
  }

  func numbers(_ name: String) -> [Double] { batch[name]?.numbers?.array ?? [] }

  func strings(_ name: String) -> [String] {
    guard let categories = batch[name]?.categories else { return [] }
    return categories.codes.array.map { $0 < 0 ? "" : categories.levels[Int($0)] }
  }

  /// The rows at these positions, in this order; categories as text.
  func rows(_ positions: [Int]) -> Table {
    Table(
      zip(batch.names, batch.columns).map { name, column in
        if column.type != .category, let numbers = column.numbers {
          return (name, Column(positions.map { numbers[$0] }))
        }
        let strings = strings(name)
        return (name, Column(positions.map { Optional(strings[$0]) }))
      })
  }
}

extension LinearMixedModel {
  static func of(_ request: FitRequest, _ table: some Source, threads: Int = 1) throws -> LinearMixedModel {
    let engine = Engine(threads: threads)
    let dataset = try Dataset(table, columns: try MixedModel.columns(request), engine: engine)
    let grams = try dataset.fit(try MixedModel.grams(request, of: dataset, with: engine), with: engine)
    guard case .nested(let nested) = grams.structure else {
      throw ImmerseError(.failure, "groups that are nested were expected")
    }
    return try LinearMixedModel(nested, threads: threads)
  }
}

extension MixedModelResult {
  func estimate(_ term: String) -> Double { rows.first { $0.term == term }?.estimate ?? .nan }
  func standardError(_ term: String) -> Double { rows.first { $0.term == term }?.standardError ?? .nan }

  /// A variance, or a covariance where two terms are given.
  func component(_ group: String, _ term1: String? = nil, _ term2: String? = nil) -> Double {
    varianceComponents.first { $0.group == group && (term1 == nil || $0.term1 == term1) && $0.term2 == term2 }?
      .covariance ?? .nan
  }

  /// Everything but the search's own record.
  var estimates: MixedModelResult {
    var copy = self
    copy.convergence.evaluations = 0
    copy.convergence.scaledGradient = 0
    return copy
  }
}

/// A small reproducible generator (Steele, Lea and Flood 2014).
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
