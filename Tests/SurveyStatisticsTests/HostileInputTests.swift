import Columnar
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// Every kind of data that breaks programs, by everything that is done with it: a clear error or a stated result, and
/// never a NaN that travels on.
struct HostileInputTests {
  @Test(arguments: hostiles)
  func everythingIsRefusedOrStated(_ hostile: Hostile) throws {
    for operation in Self.operations {
      let place = "\(hostile.name), \(operation.name)"
      let expected = hostile.outcomes[operation.name] ?? hostile.others
      let found: Numbers
      do { found = try operation.run(hostile) } catch {
        guard case .refused(let part) = expected, let refusal = error as? ImmerseError else {
          Issue.record("\(place): \(error)")
          continue
        }
        #expect("\(refusal)".contains(part), "\(place): \(refusal)")
        #expect(refusal.kind == .badData || refusal.kind == .usage, "\(place)")
        continue
      }
      let isFinite = (found.scaling + found.plain + found.effects).allSatisfy(\.isFinite)
      #expect(isFinite, "\(place): \(found)")
      let (numbers, base) = (found, try operation.run(Hostile(name: "as it should be")))
      switch expected {
      case .refused(let part): Issue.record("\(place) is not refused as \(part): \(found)")
      case .undefined: #expect(numbers.scaling.isEmpty, "\(place)")
      case .zero: #expect(numbers.scaling.allSatisfy { $0 == 0 } && !numbers.scaling.isEmpty, "\(place)")
      case .numbers: #expect(!numbers.scaling.isEmpty, "\(place)")
      case .asEver(let scale):
        expectClose(numbers.scaling, base.scaling.map { $0 * scale }, relative: 1e-11)
        expectClose(numbers.plain, base.plain, relative: 1e-9, absolute: 1e-12)
      }
    }
  }

  /// What an operation has to come to.
  enum Outcome: Sendable {
    /// An error that says so.
    case refused(String)
    /// An estimate that is stated to be none.
    case undefined
    case zero
    /// Numbers of its own, all finite.
    case numbers
    /// The figures of harmless data, in another unit.
    case asEver(Double)
  }

  /// What an operation gives: figures in the unit of what was scaled, and others.
  struct Numbers {
    var scaling: [Double] = []
    var plain: [Double] = []
    /// Design effects: by definition they depend on the sum of weights.
    var effects: [Double] = []
  }

  struct Hostile: Sendable {
    var name: String
    var y: [Double] = base.y
    var x: [Double] = base.x
    var weights: [Double] = base.weights
    var strata = base.strata
    var replicate: [Double]? = Hostile.half(base.weights)
    var groups: [String?] = base.groups
    var totals = ["a": 60.0, "b": 50]
    var otherTotals = ["u": 40.0, "v": 70]
    var condition: String?
    /// By operation, and of those not named.
    var outcomes: [String: Outcome] = [:]
    var others = Outcome.asEver(1)

    /// A replicate by Fay's method.
    static func half(_ weights: [Double]) -> [Double] {
      weights.enumerated().map { ($0 / 2 % 2 == 0 ? 1.5 : 0.5) * $1 }
    }

    static let base = (
      y: [3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], x: [2.0, 7, 1, 8, 2, 8, 1, 8, 2, 8, 4, 5],
      weights: [10.0, 8, 9, 7, 11, 10, 8, 12, 9, 7, 10, 9],
      strata: ["1", "1", "1", "1", "1", "1", "2", "2", "2", "2", "2", "2"],
      groups: ["a", "b", "a", "b", "b", "a", "a", "b", "a", "b", "a", "b"] as [String?]
    )

    var source: any Source {
      let half = replicate ?? weights
      var columns: [(String, Column)] = [
        ("y", Column(y)), ("x", Column(x)), ("w", Column(weights)), ("h", Column(strata.map { Optional($0) })),
        ("psu", Column((0..<12).map { Optional("p\($0 / 2)") })), ("g", Column(groups)),
        ("o", Column((0..<12).map { Optional($0 % 3 == 0 ? "u" : "v") })),
        ("yes", Column((0..<12).map { y[$0].isNaN ? .nan : $0 % 5 < 2 ? 1 : 0 })),
      ]
      if replicate != nil {
        columns.append(("r1", Column(half)))
        columns.append(("r2", Column(zip(weights, half).map { 2 * $0 - $1 })))
      }
      return Table(columns.map { (name: $0.0, column: $0.1) })
    }

    var design: SurveyDesign { SurveyDesign(weights: "w", strata: ["h"], psu: ["psu"]) }
    var margins: [Margin] {
      totals.sorted { $0.key < $1.key }.map { Margin(variable: "g", category: $0.key, total: $0.value) }
    }
    var both: [Margin] {
      margins + otherTotals.sorted { $0.key < $1.key }.map { Margin(variable: "o", category: $0.key, total: $0.value) }
    }
  }

  struct Operation: Sendable {
    var name: String
    var run: @Sendable (Hostile) throws -> Numbers
  }

  private static func estimate(
    _ kind: EstimateRequest.Kind, _ variables: [String], _ hostile: Hostile, replicates: ReplicateDesign? = nil,
    change: (inout EstimateRequest) -> Void = { _ in }
  ) throws -> Numbers {
    var design = hostile.design
    if let replicates {
      design = SurveyDesign(weights: "w", replicates: replicates)
      if replicates.columns.isEmpty { (design.strata, design.psu) = (["h"], ["psu"]) }
    }
    var request = EstimateRequest(kind, of: variables, design: design, where: hostile.condition, missing: .drop)
    change(&request)
    let result = try Estimation.run(request, on: hostile.source)
    return Numbers(
      scaling: result.rows.flatMap {
        [$0.estimate, $0.standardError, $0.confidenceLow, $0.confidenceHigh].compactMap(\.self)
      },
      plain: result.rows.flatMap {
        [$0.degreesOfFreedom, $0.statistic, $0.pValue, $0.residualDegreesOfFreedom].compactMap(\.self)
      }, effects: result.rows.compactMap(\.designEffect))
  }

  private static func weights(_ step: WeightStep, _ hostile: Hostile, replicates: [String] = []) throws -> Numbers {
    let made = try WeightSteps([step], replicates: replicates).run(on: hostile.source)
    let columns = [step.output] + made.replicates
    return Numbers(scaling: try columns.flatMap { try made.source.chunk(0, [.number($0)]).numbers($0).array })
  }

  static let operations: [Operation] = [
    Operation(name: "mean") { try estimate(.mean, ["y"], $0) },
    Operation(name: "total") { try estimate(.total, ["y"], $0) },
    Operation(name: "ratio") { try estimate(.ratio, ["y/x"], $0) },
    Operation(name: "quantile") { try estimate(.quantile, ["y"], $0) },
    Operation(name: "variance") { try estimate(.variance, ["y"], $0) },
    Operation(name: "glm") { try estimate(.glm, ["y ~ x"], $0) },
    Operation(name: "glm binomial") { try estimate(.glm, ["yes ~ x"], $0) { $0.family = .binomial } },
    Operation(name: "chisq") { try estimate(.chisq, ["g:o"], $0) },
    Operation(name: "ttest") { try estimate(.ttest, ["y ~ g"], $0) },
    Operation(name: "ranktest") { try estimate(.ranktest, ["y ~ g"], $0) },
    Operation(name: "replicates") {
      try estimate(.mean, ["y"], $0, replicates: ReplicateDesign(.fay(0.5), columns: ["r1", "r2"]))
    },
    Operation(name: "jackknife") { try estimate(.total, ["y"], $0, replicates: ReplicateDesign(.jkn)) },
    Operation(name: "rake") { hostile in
      try weights(.totals(.rake(RakeRequest(weights: "w", margins: hostile.both, output: "made"))), hostile)
    },
    Operation(name: "calibrate") { hostile in
      let margins = hostile.margins + [Margin(variable: "x", total: 500)]
      return try weights(
        .totals(.calibrate(CalibrationRequest(weights: "w", margins: margins, output: "made"))), hostile)
    },
    Operation(name: "rake replicates") { hostile in
      try weights(
        .totals(.rake(RakeRequest(weights: "w", margins: hostile.both, output: "made"))), hostile,
        replicates: ["r1", "r2"])
    },
    Operation(name: "trim") { hostile in
      try weights(.trim(TrimRequest(weights: "w", upper: 11, output: "made")), hostile)
    },
  ]

  private static let estimates = [
    "mean", "total", "ratio", "quantile", "variance", "glm", "glm binomial", "chisq", "ttest", "ranktest", "replicates",
    "jackknife",
  ]

  private static func all(_ names: [String], _ outcome: Outcome) -> [String: Outcome] {
    Dictionary(uniqueKeysWithValues: names.map { ($0, outcome) })
  }

  static let hostiles: [Hostile] =
    [
      Hostile(name: "harmless"), zeroWeights,
      someWeight("negative", -1, "row 5: variable \"w\": has a negative weight"),
      someWeight("infinite", .infinity, "row 5: variable \"w\": has an infinite weight"),
      someWeight("missing", .nan, "row 5: variable \"w\": has a missing weight"),
    ] + replicates + designs + values + margins + scales

  private static let zeroWeights: Hostile = {
    let none = Outcome.refused("no row has all variables of the model and a weight")
    return Hostile(
      name: "weights of zero", weights: Hostile.base.weights.map { _ in 0 },
      replicate: Hostile.base.weights.map { _ in 0 },
      outcomes: all(["glm", "glm binomial", "ttest", "ranktest"], none).merging(
        [
          "rake": .refused("all rows of the category \"a\" have weight zero"),
          "calibrate": .refused("all rows of the category \"a\" have weight zero"),
          "rake replicates": .refused("all rows of the category \"a\" have weight zero"),
          "trim": .refused("all weights are zero"),
          "replicates": .refused("variable \"r1\": all weights are zero"),
        ], uniquingKeysWith: { $1 }),
      others: .refused("all weights are zero in the stratum \"1\""))
  }()

  private static func someWeight(_ name: String, _ weight: Double, _ refusal: String) -> Hostile {
    Hostile(
      name: "a weight \(name)", weights: Hostile.base.weights.enumerated().map { $0 == 4 ? weight : $1 },
      others: .refused(refusal))
  }

  private static let replicates: [Hostile] = {
    let zero = Outcome.refused("variable \"r1\": all weights are zero")
    return [
      Hostile(
        name: "a replicate missing", replicate: nil,
        outcomes: all(["replicates", "rake replicates"], .refused("variable \"r1\": there is no such column"))),
      Hostile(
        name: "a replicate of zeros", replicate: Hostile.base.weights.map { _ in 0 },
        outcomes: [
          "replicates": zero, "rake replicates": .refused("in the replicate \"r1\": all rows of the category \"a\""),
        ]),
      Hostile(
        name: "a replicate infinite", replicate: Hostile.base.weights.map { _ in .infinity },
        outcomes: [
          "replicates": .refused("variable \"r1\": has an infinite replicate weight"),
          "rake replicates": .refused("variable \"r1\": has an infinite weight"),
        ]),
    ]
  }()

  private static let designs: [Hostile] = {
    let lonely = Outcome.refused("the stratum \"1\" has a single sampling unit")
    let empty = Outcome.refused("no row meets the condition")
    let none = Outcome.refused("no row has all variables of the model and a weight")
    return [
      Hostile(
        name: "a stratum of one unit", strata: (0..<12).map { $0 < 2 ? "1" : "2" },
        outcomes: all(estimates, lonely).merging(["replicates": .asEver(1)], uniquingKeysWith: { $1 })),
      Hostile(
        name: "an empty domain", condition: "x > 100",
        outcomes: all(estimates, empty).merging(
          all(["glm", "glm binomial", "ttest", "ranktest"], none), uniquingKeysWith: { $1 })),
    ]
  }()

  private static let values: [Hostile] = {
    let base = Hostile.base
    let none = Outcome.refused("no row has all variables of the model and a weight")
    let few = Outcome.refused("is a category with fewer than two levels")
    let infinite = Outcome.refused("holds an infinite number")
    let toRake = ["rake", "calibrate", "rake replicates"]
    return [
      Hostile(
        name: "all values missing", y: base.y.map { _ in .nan },
        outcomes: all(["mean", "ratio", "quantile", "variance", "replicates"], .undefined).merging(
          all(["glm", "glm binomial", "ttest", "ranktest"], none), uniquingKeysWith: { $1 }
        ).merging(all(["total", "jackknife"], .zero), uniquingKeysWith: { $1 })),
      Hostile(
        name: "all values alike", y: base.y.map { _ in 5 },
        outcomes: all(estimates, .numbers).merging(
          ["chisq": .asEver(1), "glm binomial": .asEver(1), "variance": .zero], uniquingKeysWith: { $1 })),
      Hostile(
        name: "a value infinite", y: base.y.enumerated().map { $0 == 3 ? .infinity : $1 },
        outcomes: all(["mean", "total", "ratio", "variance", "replicates", "jackknife"], .undefined).merging(
          all(["glm", "ttest", "ranktest"], infinite), uniquingKeysWith: { $1 }
        ).merging(["quantile": .numbers], uniquingKeysWith: { $1 })),
      Hostile(
        name: "all groups missing", groups: base.groups.map { _ in nil },
        outcomes: all(["ttest", "ranktest"], few).merging(
          all(toRake, .refused("row 1: variable \"g\": has no category")), uniquingKeysWith: { $1 }
        ).merging(["chisq": .refused("has no value in any row")], uniquingKeysWith: { $1 })),
      Hostile(
        name: "one group", groups: base.groups.map { _ in "a" },
        outcomes: all(["ttest", "ranktest"], few).merging(
          all(toRake, .refused("no row has the category \"b\"")), uniquingKeysWith: { $1 }
        ).merging(["chisq": .refused("has a single level")], uniquingKeysWith: { $1 })),
    ]
  }()

  private static let margins: [Hostile] = [
    Hostile(
      name: "contradictory margins", otherTotals: ["u": 90, "v": 90],
      outcomes: all(["rake", "rake replicates"], .refused("add up to 180, those of \"g\" to 110"))),
    Hostile(
      name: "a margin of zero", totals: ["a": 110, "b": 0],
      outcomes: all(["rake", "calibrate", "rake replicates"], .numbers)),
    Hostile(
      name: "a margin missing", totals: ["a": 110, "b": .nan],
      outcomes: all(["rake", "calibrate", "rake replicates"], .refused("is not a number that a count can be"))),
  ]

  private static let scales: [Hostile] = {
    let base = Hostile.base
    func data(_ scale: Double, calibrate: String) -> Hostile {
      let squares = Outcome.refused("holds numbers whose squares are too \(scale > 1 ? "large" : "small")")
      return Hostile(
        name: "data of \(scale)", y: base.y.map { $0 * scale }, x: base.x.map { $0 * scale },
        outcomes: all(["mean", "total", "quantile", "replicates", "jackknife"], .asEver(scale)).merging(
          all(["variance", "glm", "glm binomial", "ttest"], squares), uniquingKeysWith: { $1 }
        ).merging(["calibrate": .refused(calibrate)], uniquingKeysWith: { $1 }))
    }
    func weights(_ scale: Double, _ outcomes: [String: Outcome]) -> Hostile {
      let scaled = base.weights.map { $0 * scale }
      return Hostile(
        name: "weights of \(scale)", weights: scaled, replicate: Hostile.half(scaled),
        outcomes: all(["total", "jackknife"], .asEver(scale)).merging(outcomes, uniquingKeysWith: { $1 }))
    }
    let overflow = Outcome.refused("more than a number can hold")
    return [
      data(1e-300, calibrate: "the nearest totals"), data(1e300, calibrate: "too large or too unequal"),
      weights(1e-300, ["trim": .numbers]),
      weights(1e300, ["calibrate": .refused("the nearest totals"), "trim": .refused("between the bounds")]),
      Hostile(
        name: "weights that overflow", weights: base.weights.map { _ in 1.7e308 }, replicate: base.weights,
        others: overflow),
    ]
  }()
}

extension HostileInputTests.Hostile: CustomTestStringConvertible {
  var testDescription: String { name }
}
