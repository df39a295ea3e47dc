import ImmerseStats
import Probability
import Simulation

/// The simulated six-country survey that all suites run on: identifiers, covariates, weights at two levels, 30 items with
/// missing answers, a response of a known three-level model with slopes, and 12 classifications for raking.
///
/// Children, sites, weights and items are those of the preset `immerse`; response and classifications are added
/// here, because the preset has neither.
struct BenchmarkSurvey: Source {
  static let identifiers = ["country", "region", "site", "stratum"]
  static let covariates = ["age", "female", "migrant", "escs", "weight_site", "weight_child", "weight"]
  /// Six dimensions of four to six items.
  static let dimensions: [(code: String, items: [String])] = [
    ("belonging", (1...6).map { "BEL\($0)" }), ("teachers", (1...4).map { "TEA\($0)" }),
    ("friends", (1...4).map { "FRI\($0)" } + ["BRI"]), ("wellbeing", ["LIFE"] + (1...4).map { "TRU\($0)" }),
    ("language", (1...4).map { "LAN\($0)" }), ("safety", (1...6).map { "BUL\($0)" }),
  ]
  static let items = dimensions.flatMap(\.items)
  static let response = "math"
  /// Numbers of categories: few cells for the first four, some 90,000 for all twelve.
  static let classes = [6, 5, 4, 3, 2, 2, 2, 2, 2, 2, 2, 2]
  static let classifications = classes.indices.map { "m\($0 + 1)" }

  /// Some of the items under their dimensions, and these under an index.
  static func framework(of items: [String]) -> Framework {
    var indicators: [Indicator] = []
    var aggregates = [Aggregate("index")]
    for dimension in dimensions {
      let members = dimension.items.filter(items.contains)
      if members.isEmpty { continue }
      indicators += members.map { Indicator($0, parents: [dimension.code]) }
      aggregates.append(Aggregate(dimension.code, parents: ["index"]))
    }
    return Framework(indicators: indicators, aggregates: aggregates)
  }

  static let columns = identifiers + covariates + [response] + items + classifications

  private let study: SimulatedStudy
  private let noise = RandomStreams(seed: 1, purpose: "benchmark response")
  private let sites = RandomStreams(seed: 1, purpose: "benchmark site")
  private let regions = RandomStreams(seed: 1, purpose: "benchmark region")
  private let cells = RandomStreams(seed: 1, purpose: "benchmark classes")

  init(rows: Int) throws(ImmerseError) {
    study = try SimulatedStudy(.immerse, children: rows, seed: 1)
  }

  var name: String { "benchmark survey" }
  var columnNames: [String] { Self.columns }
  var rowCount: Int { study.rowCount }

  func types(of columns: [String]) throws(ImmerseError) -> [String: DataType] {
    try require(columns)
    return columns.reduce(into: [:]) { $0[$1] = Self.identifiers.contains($1) ? .category : .float64 }
  }

  func chunk(_ index: Int, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch {
    let simulated = columns.filter { $0.name != Self.response && !Self.classifications.contains($0.name) }
    let generated = try study.chunk(index, simulated)
    var batch = Batch([], rowCount: generated.rowCount, firstRow: generated.firstRow)
    for request in columns {
      if let column = generated[request.name] {
        batch.set(request.name, column)
      } else if request.name == Self.response {
        batch.set(request.name, try Column(response(index)).delivered(as: request))
      } else if let number = Self.classifications.firstIndex(of: request.name) {
        batch.set(request.name, try Column(classes(number, rows(ofChunk: index))).delivered(as: request))
      }
    }
    return batch
  }

  /// 500 + 18 escs + (−20 + slope of the site) migrant − 8 female + 3 age + site + region + noise.
  private func response(_ index: Int) throws(ImmerseError) -> [Double] {
    let batch = try study.chunk(
      index,
      [.category("site"), .category("region"), .number("escs"), .number("migrant"), .number("female"), .number("age")])
    let (site, region) = (try batch.categories("site"), try batch.categories("region"))
    let siteEffects = site.levels.names.map { name in
      var stream = sites[Int(truncatingIfNeeded: fnv1a(name.utf8))]
      let (u, v) = (stream.normal(), stream.normal())
      return (intercept: 30 * u, slope: 12 * (0.3 * u + 0.954 * v))
    }
    let regionEffects = region.levels.names.map { name in
      var stream = regions[Int(truncatingIfNeeded: fnv1a(name.utf8))]
      return 10 * stream.normal()
    }
    let (escs, migrant) = (try batch.numbers("escs"), try batch.numbers("migrant"))
    let (female, age) = (try batch.numbers("female"), try batch.numbers("age"))
    return (0..<batch.rowCount).map { row in
      let effect = siteEffects[Int(site.codes[row])]
      let fixed = 500 + 18 * escs[row] - 8 * (female[row].isNaN ? 0 : female[row]) + 3 * age[row]
      var stream = noise[batch.firstRow + row]
      let random = effect.intercept + regionEffects[Int(region.codes[row])] + 70 * stream.normal()
      return fixed + (effect.slope - 20) * migrant[row] + random
    }
  }

  private func classes(_ number: Int, _ rows: Range<Int>) -> [Double] {
    rows.map { row in
      var stream = cells[row * Self.classes.count + number]
      let u = stream.uniform()
      return Double(Int(Double(Self.classes[number]) * u * u.squareRoot()) + 1)
    }
  }
}
