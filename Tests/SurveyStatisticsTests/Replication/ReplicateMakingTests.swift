import Columnar
import DataFormats
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// Replicates made of samples whose replicate variances are known.
struct ReplicateMakingTests {
  /// Replicate weights of a bundled sample, and its columns.
  struct Made {
    let model: ReplicateModel
    let weights: [[Double]]
    let rows: Batch

    init(_ request: ReplicatesRequest, of source: any Source, engine: Engine = Engine()) throws {
      model = try Replication.make(request, on: source, engine: engine)
      let weighted = try source.applying(model)
      rows = try source.chunk(0, source.columnNames.map { .verbatim($0) })
      var weights: [[Double]] = model.summary.columns.map { _ in [] }
      for index in 0..<weighted.chunkCount {
        let batch = try weighted.chunk(index, model.summary.columns.map { .number($0) })
        for (replicate, name) in model.summary.columns.enumerated() {
          weights[replicate] += try batch.numbers(name).array
        }
      }
      self.weights = weights
    }

    /// The standard error of f(Σw y, Σw x).
    func error(
      _ y: [Double], _ x: [Double], full: [Double], about centre: ReplicateVariance.Centre? = nil,
      _ f: (Double, Double) -> Double
    ) -> Double {
      var variance = model.summary.variance
      if let centre { variance.centre = centre }
      func estimate(_ w: [Double]) -> Double {
        f(zip(w, y).reduce(0) { $0 + $1.0 * $1.1 }, zip(w, x).reduce(0) { $0 + $1.0 * $1.1 })
      }
      return variance.variance(of: weights.map(estimate), estimate: estimate(full)).squareRoot()
    }
  }

  private func sample(_ name: String, _ columns: [String]) throws -> (any Source, [[Double]]) {
    let source = try Samples.open(name)
    let batch = try source.chunk(0, columns.map { .number($0) })
    return (source, try columns.map { try batch.numbers($0).array })
  }

  @Test func jackknifeOfClusters() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/jackknife.json"))["values"]
    let (source, columns) = try sample("apiclus1", ["pw", "api00", "enroll"])
    let (w, ones) = (columns[0], columns[0].map { _ in 1.0 })
    let made = try Made(ReplicatesRequest(.jk1, design: Samples.cluster), of: source)
    expectClose(made.model.summary.variance.scale, try golden["clus1.JK1.scale", "value"].number)
    expectClose(
      made.error(columns[1], ones, full: w) { $0 / $1 }, try golden["clus1.JK1.mean.api00", "se"].number)
    expectClose(made.error(columns[2], ones, full: w) { y, _ in y }, try golden["clus1.JK1.total.enroll", "se"].number)
    // The same replicates about the full-sample estimate.
    var centred = made.model.summary.variance
    centred.centre = .estimate
    let means = made.weights.map { r in
      zip(r, columns[1]).reduce(0) { $0 + $1.0 * $1.1 } / r.reduce(0, +)
    }
    let full = zip(w, columns[1]).reduce(0) { $0 + $1.0 * $1.1 } / w.reduce(0, +)
    expectClose(
      centred.variance(of: means, estimate: full).squareRoot(),
      try golden["clus1.JK1mse.mean.api00", "se"].number)
    expectClose(means.sorted(), try golden["clus1.JK1.replicate_means.api00", "values"].numbers.sorted())
  }

  @Test func jackknifeOfStrata() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/jackknife.json"))["values"]
    let (source, columns) = try sample("apistrat", ["pw", "api00", "enroll", "api.stu"])
    let ones = columns[0].map { _ in 1.0 }
    let made = try Made(ReplicatesRequest(.jkn, design: Samples.stratified), of: source)
    let count = made.weights.count
    #expect(count == 200)
    expectClose(
      Set(made.model.summary.variance.scales).sorted(),
      try golden["strat.JKn.rscales_unique", "value"].numbers.sorted())
    expectClose(
      made.error(columns[1], ones, full: columns[0]) { $0 / $1 }, try golden["strat.JKn.mean.api00", "se"].number)
    expectClose(
      made.error(columns[2], ones, full: columns[0]) { y, _ in y }, try golden["strat.JKn.total.enroll", "se"].number)
    expectClose(
      made.error(columns[3], columns[2], full: columns[0]) { $0 / $1 }, try golden["strat.JKn.ratio", "se"].number)
  }

  /// Twenty rows in five strata of two units.
  private func pairs() throws -> (table: Table, design: SurveyDesign, golden: GoldenJSON) {
    let golden = try GoldenJSON(TestFiles.golden("survey/brr_fay.json"))["tiny"]
    let table = Table(
      try ["stratum", "psu", "w", "x", "y"].map { ($0, Column(try golden["rows", $0].numbers)) })
    return (table, SurveyDesign(weights: "w", strata: ["stratum"], psu: ["psu"]), golden)
  }

  /// Whatever the Hadamard matrix, a total has the variance of linearisation.
  @Test(arguments: [ReplicateMethod.brr, .fay(0.3), .fay(0.5), .jkn, .jk2])
  func totalsHaveTheLinearisedVariance(method: ReplicateMethod) throws {
    let (table, design, golden) = try pairs()
    let y = try table.batch.numbers("y").array
    let w = try table.batch.numbers("w").array
    let made = try Made(ReplicatesRequest(method, design: design), of: table)
    let expected = try golden["taylor", "total", "se"].number
    // A zone's only replicate has no mean of its own to deviate from.
    expectClose(made.error(y, y, full: w, about: method == .jk2 ? .estimate : nil) { y, _ in y }, expected)
    if case .brr = method {
      let count = made.weights.count
      #expect(count == 8)
      for replicate in made.weights {
        let isHalf = zip(replicate, w).allSatisfy { $0 == 0 || $0 == 2 * $1 }
        #expect(isHalf)
      }
    }
  }

  /// The mean squared error of a bootstrap variance of R replicates is about 2/R of it.
  @Test(arguments: [ReplicateMethod.raoWuYueBeaumont, .generalised])
  func bootstrapOfTwoStages(method: ReplicateMethod) throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/clus2.json"))["values", "mean.api00"]
    let (source, columns) = try sample("apiclus2", ["api00", "pw"])
    let design = SurveyDesign(weights: "pw", psu: ["dnum", "snum"], fpc: ["fpc1", "fpc2"])
    let made = try Made(ReplicatesRequest(method, design: design, count: 2000, seed: 11), of: source)
    // The influences of the mean, whose total has the variance of the mean.
    let sum = columns[1].reduce(0, +)
    let mean = zip(columns[0], columns[1]).reduce(0) { $0 + $1.0 * $1.1 } / sum
    let z = columns[0].map { ($0 - mean) / sum }
    let error = made.error(z, z, full: columns[1]) { z, _ in z }
    expectClose(error, try golden["se"].number, relative: 5 / 4000.0.squareRoot())
    let smallest = made.weights.map { $0.min() ?? 0 }.min() ?? -1
    #expect(smallest > 0)
  }

  @Test func bootstrapOfClusters() throws {
    let (source, columns) = try sample("apiclus1", ["pw", "enroll"])
    let design = SurveyDesign(weights: "pw", psu: ["dnum"])
    let expected = try #require(
      try Estimation.run(EstimateRequest(.total, of: ["enroll"], design: design), on: source).rows[0].standardError)
    let made = try Made(ReplicatesRequest(.bootstrap, design: design, count: 2000), of: source)
    expectClose(
      made.error(columns[1], columns[1], full: columns[0]) { y, _ in y }, expected, relative: 5 / 4000.0.squareRoot())
  }

  /// The variance of a total is that of half the squared differences of neighbours, the last being the first's.
  @Test func successiveDifferencesOfARing() throws {
    let y: [Double] = [3, 5, 4, 8, 9, 7, 2, 1, 6, 5, 3]
    let table = Table([
      ("y", Column(y)), ("unit", Column(y.indices.map { Double($0) })), ("w", Column(y.map { _ in 2 })),
    ])
    let request = ReplicatesRequest(.sdr, design: SurveyDesign(weights: "w", psu: ["unit"]), count: 12)
    let made = try Made(request, of: table)
    let differences = y.indices.reduce(0) { sum, i in
      let d = 2 * (y[i] - y[(i + 1) % y.count])
      return sum + d * d
    }
    expectClose(made.error(y, y, full: y.map { _ in 2 }) { y, _ in y }, (differences / 2).squareRoot())
  }

  // MARK: Laws

  @Test(arguments: [
    ReplicateMethod.jkn, .bootstrap, .raoWuYueBeaumont, .generalised, .sdr,
  ])
  func orderOfRowsAndThreadsDoNotMatter(method: ReplicateMethod) throws {
    let rows = 70_000
    let unit = (0..<rows).map { Double($0 % 35) }
    let weight = (0..<rows).map { 1 + Double($0 % 7) }
    func table(_ order: [Int]) -> Table {
      Table([
        ("stratum", Column(order.map { unit[$0].truncatingRemainder(dividingBy: 5) })),
        ("unit", Column(order.map { unit[$0] })), ("w", Column(order.map { weight[$0] })),
      ])
    }
    let design = SurveyDesign(weights: "w", strata: ["stratum"], psu: ["unit"])
    let request = ReplicatesRequest(method, design: design, count: method == .jkn ? nil : 12, seed: 3)
    let one = try Made(request, of: table(Array(0..<rows)), engine: Engine(threads: 1))
    let two = try Made(request, of: table(Array(0..<rows)), engine: Engine(threads: 3))
    let backwards = try Made(request, of: table(Array((0..<rows).reversed())))
    let sameBytes = one.weights == two.weights
    let sameRows = one.weights == backwards.weights.map { $0.reversed() }
    #expect(sameBytes)
    #expect(sameRows)
  }

  @Test func seedsDiffer() throws {
    let source = try Samples.open("apiclus1")
    let first = try Made(ReplicatesRequest(.bootstrap, design: Samples.cluster, seed: 1), of: source)
    let second = try Made(ReplicatesRequest(.bootstrap, design: Samples.cluster, seed: 2), of: source)
    let differ = first.weights != second.weights
    #expect(differ)
    let count = first.weights.count
    #expect(count == 80)
  }

  @Test func weightsFromPopulationSizes() throws {
    let (source, columns) = try sample("apiclus2", ["pw"])
    let made = try Made(ReplicatesRequest(.jk1, design: Samples.twoStage), of: source)
    // Every unit is left out once, and counts n/(n − 1) in the other n − 1 replicates.
    let means = columns[0].indices.map { row in made.weights.reduce(0) { $0 + $1[row] } / Double(made.weights.count) }
    expectClose(means, columns[0], relative: 1e-6)
  }

  // MARK: Refusals

  @Test func methodsThatDoNotFitTheSample() throws {
    let (table, design, _) = try pairs()
    func problem(_ method: ReplicateMethod, _ design: SurveyDesign, _ table: any Source, count: Int? = nil) -> String {
      do {
        _ = try Replication.make(ReplicatesRequest(method, design: design, count: count), on: table)
        return "made"
      } catch { return "\(error)" }
    }
    let unstratified = SurveyDesign(weights: "w", psu: ["psu"])
    #expect(problem(.jk1, design, table).contains("jk1 is for samples without strata, and this one has 5"))
    #expect(problem(.jkn, design, table, count: 7).contains("makes 10 replicates"))
    #expect(problem(.bootstrap, unstratified, table, count: 1).contains("1 replicates have no spread"))
    #expect(problem(.bootstrap, unstratified, table, count: 0).contains("0 replicates"))
    #expect(problem(.other, design, table).contains("how given replicates are scaled"))
    let lone = Table([("stratum", Column([1, 1, 2])), ("psu", Column([1, 2, 1])), ("w", Column([1, 1, 1]))])
    for method in [ReplicateMethod.brr, .fay(0.5), .jk2] {
      #expect(problem(method, design, lone).contains("the stratum \"2\" has 1 sampling units"))
    }
    for method in [ReplicateMethod.jkn, .bootstrap, .raoWuYueBeaumont, .generalised] {
      #expect(problem(method, design, lone).contains("the stratum \"2\" has a single sampling unit"))
    }
    let odd = Table([("stratum", Column([1, 1, 1])), ("psu", Column([1, 2, 3])), ("w", Column([1, 1, 1]))])
    #expect(problem(.brr, design, odd).contains("has three units, of which brr would give some a negative weight"))
    let negative = Table([("stratum", Column([1, 1])), ("psu", Column([1, 2])), ("w", Column([1, -1]))])
    #expect(problem(.jkn, design, negative).contains("negative weight"))
    let zero = Table([("stratum", Column([1, 1])), ("psu", Column([1, 2])), ("w", Column([0, 0]))])
    #expect(problem(.jkn, design, zero).contains("all weights are zero"))
  }

  @Test func lonelyUnitsByTheDesignsRule() throws {
    let table = Table([
      ("stratum", Column([1, 1, 2, 3, 3])), ("psu", Column([1, 2, 1, 1, 2])), ("w", Column([1, 1, 1, 1, 1])),
    ])
    func made(_ rule: SurveyDesign.LonelyPSU) throws -> ReplicatesSummary {
      let design = SurveyDesign(weights: "w", strata: ["stratum"], psu: ["psu"], lonelyPSU: rule)
      return try Replication.make(ReplicatesRequest(.jkn, design: design), on: table).summary
    }
    #expect(try made(.remove).variance.scales == [0.5, 0.5, 0.5, 0.5])
    #expect(try made(.adjust).variance.scales == [0.5, 0.5, 2.0 / 3, 0.5, 0.5])
    #expect(try made(.average).variance.scale == 1.25)
  }

  @Test func textsNameMethods() throws {
    #expect(ReplicateMethod("fay=0.3") == .fay(0.3))
    #expect(ReplicateMethod("fay") == .fay(0.5))
    #expect(ReplicateMethod("rao-wu-yue-beaumont") == .raoWuYueBeaumont)
    for text in ["fay=1", "fay=-0.1", "fayed", "fay=", "jackknife", ""] { #expect(ReplicateMethod(text) == nil) }
  }
}
