import Columnar
import DataFormats
import Foundation
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// The rules of assessments, found by the names of columns.
struct PresetTests {
  private func rows(_ preset: String, _ request: EstimateRequest, on source: any Source) throws -> [Estimate] {
    let request = try AssessmentPreset(preset).apply(to: request, of: source)
    return try Estimation.run(request, on: source).rows
  }

  @Test func pisaReproducesItsRules() throws {
    let path = TestFiles.golden("survey/pisa2018_noisy_fra_ita_mex.csv.gz")
    let golden = try GoldenJSON(TestFiles.golden("survey/pv_pisa2018_noisy.json"))["values"]
    let request = EstimateRequest(.mean, of: ["math", "read"], by: ["cnt"], average: true)
    for preset in ["pisa", "pisa-2018"] {
      let rows = try rows(preset, request, on: try DataFile.open(path.path))
      #expect(rows.count == 8)
      for (index, country) in ["FRA", "ITA", "MEX"].enumerated() {
        expectClose(rows[index].estimate ?? .nan, try golden["\(country).mean.math", "est"].number)
        expectClose(rows[index].standardError ?? .nan, try golden["\(country).mean.math", "se"].number)
      }
      expectClose(rows[3].standardError ?? .nan, try golden["three_country_average.mean.math", "se"].number)
    }
    #expect(throws: ImmerseError.self) { try self.rows("pisa-2003", request, on: try DataFile.open(path.path)) }
  }

  /// Children of two countries and five zones; the last zone has lost one of its halves.
  private func zones(_ names: (country: String, weight: String, zone: String, half: String, score: String)) -> Table {
    var (country, zone, half, weight): ([String?], [Double], [Double], [Double]) = ([], [], [], [])
    var scores: [[Double]] = Array(repeating: [], count: 5)
    for row in 0..<56 {
      let unit = row / 4 % 9
      country.append(row < 28 ? "A" : "B")
      zone.append(Double(unit / 2 + 1))
      half.append(Double(unit % 2))
      weight.append(1 + Double(row % 5))
      for m in 0..<5 { scores[m].append(Double((row * 37 + m * 11) % 59) + Double(unit)) }
    }
    return Table(
      [
        (names.country, Column(country)), (names.weight, Column(weight)), (names.zone, Column(zone)),
        (names.half, Column(half)),
      ] + scores.enumerated().map { (names.score + "0\($0 + 1)", Column($1)) })
  }

  /// The rules written out: replicate z has 2·w·half in zone z, and the other half 2·w·(1 − half).
  private func byHand(
    _ table: Table, _ names: (weight: String, zone: String, half: String, score: String), both: Bool, first: Bool
  )
    throws -> (estimate: Double, error: Double)
  {
    let w = try table.batch.numbers(names.weight).array
    let (zone, half) = (try table.batch.numbers(names.zone).array, try table.batch.numbers(names.half).array)
    var (estimates, variances): ([Double], [Double]) = ([], [])
    for m in 1...5 {
      let y = try table.batch.numbers("\(names.score)0\(m)").array
      func mean(_ weights: [Double]) -> Double {
        zip(weights, y).reduce(0) { $0 + $1.0 * $1.1 } / weights.reduce(0, +)
      }
      let full = mean(w)
      var sum = 0.0
      for z in 1...5 {
        for side in both ? [1.0, 0.0] : [1.0] {
          let replicate = w.indices.map { zone[$0] == Double(z) ? 2 * w[$0] * (half[$0] == side ? 1 : 0) : w[$0] }
          let deviation = mean(replicate) - full
          sum += deviation * deviation
        }
      }
      estimates.append(full)
      variances.append(both ? sum / 2 : sum)
    }
    let q = estimates.reduce(0, +) / 5
    let b = 1.2 * estimates.reduce(0) { $0 + ($1 - q) * ($1 - q) } / 4
    return (q, ((first ? variances[0] : variances.reduce(0, +) / 5) + b).squareRoot())
  }

  @Test func zonesOfTIMSS() throws {
    let table = zones(("IDCNTRY", "TOTWGT", "JKZONE", "JKREP", "ASMMAT"))
    for (preset, both, first) in [("timss", true, false), ("timss-2019", true, false), ("timss-2011", false, true)] {
      let row = try rows(preset, EstimateRequest(.mean, of: ["ASMMAT"]), on: table)[0]
      let hand = try byHand(table, ("TOTWGT", "JKZONE", "JKREP", "ASMMAT"), both: both, first: first)
      expectClose(row.estimate ?? .nan, hand.estimate)
      expectClose(row.standardError ?? .nan, hand.error)
      let math = try rows(preset, EstimateRequest(.mean, of: ["math"]), on: table)[0]
      #expect(math.term == "math")
      #expect(math.standardError == row.standardError)
    }
    let averaged = try rows("timss", EstimateRequest(.mean, of: ["math"], by: ["IDCNTRY"], average: true), on: table)
    let errors = averaged.prefix(2).compactMap(\.standardError)
    let pooled = averaged.prefix(2).compactMap(\.imputation).compactMap(\.samplingVariance)
    expectClose(averaged[2].imputation?.samplingVariance ?? .nan, (pooled[0] + pooled[1]) / 4)
    #expect(errors.count == 2)
    let civic = zones(("COUNTRY", "TOTWGTS", "JKZONES", "JKREPS", "PV"))
    let hand = try byHand(civic, ("TOTWGTS", "JKZONES", "JKREPS", "PV"), both: false, first: false)
    let row = try rows("iccs", EstimateRequest(.mean, of: ["PV"]), on: civic)[0]
    expectClose(row.standardError ?? .nan, hand.error)
  }

  /// A table with replicates of a prefix, where only their names and scale matter.
  private func given(_ columns: [(name: String, column: Column)], _ prefix: String, _ count: Int) -> Table {
    let y: [Double] = [1, 5, 2, 8, 4, 4]
    return Table(
      columns + [("y", Column(y))]
        + (1...count).map { r in
          ("\(prefix)\(r)", Column(y.indices.map { 1 + Double(($0 * 7 + r * r) % 5) }))
        })
  }

  @Test func namesAndScalesOfTheProgrammes() throws {
    let ones = Column([1, 1, 1, 1, 1, 1])
    func scaled(_ preset: String, _ table: Table, by: [String] = []) throws -> [Double] {
      try rows(preset, EstimateRequest(.mean, of: ["y"], by: by), on: table).compactMap(\.standardError)
    }
    func plain(_ table: Table, _ weight: String, _ prefix: String, _ count: Int, _ scale: Double) throws -> Double {
      let design = SurveyDesign(
        weights: weight,
        replicates: ReplicateDesign(.other, columns: ["\(prefix)1-\(prefix)\(count)"], scale: scale, mse: true))
      return try #require(
        try Estimation.run(EstimateRequest(.mean, of: ["y"], design: design), on: table).rows[0].standardError)
    }
    for prefix in ["W_FSTURWT", "W_FSTR", "w_fstr"] {
      let table = given([("W_FSTUWT", ones)], prefix, 80)
      expectClose(try scaled("pisa", table)[0], try plain(table, "W_FSTUWT", prefix, 80, 0.05))
    }
    // Simulated files call their weights so.
    let simulated = given([("weight", ones)], "W_FSTURWT", 80)
    expectClose(try scaled("pisa", simulated)[0], try plain(simulated, "weight", "W_FSTURWT", 80, 0.05))
    let talis = given([("TCHWGT", ones)], "TRWGT", 100)
    expectClose(try scaled("talis", talis)[0], try plain(talis, "TCHWGT", "TRWGT", 100, 0.04))
    let iccs = given([("TOTWGTS", ones)], "SRWGT", 75)
    expectClose(try scaled("iccs", iccs)[0], try plain(iccs, "TOTWGTS", "SRWGT", 75, 1))
    expectClose(try scaled("icils", iccs)[0], try plain(iccs, "TOTWGTS", "SRWGT", 75, 1))
    let country = Column(["A", "A", "A", "B", "B", "B"])
    func piaac(_ methods: [Double]) -> Table {
      given(
        [
          ("SPFWT0", ones), ("CNTRYID", country), ("VEMETHODN", Column(methods)),
          ("VENREPS", Column(methods.map { _ in 80 })),
          ("VEFAYFAC", Column(methods.map { _ in 0.3 })),
        ], "SPFWT", 80)
    }
    for (method, scale) in [(1.0, 79.0 / 80), (2, 1), (3, 1.0 / 80), (4, 1 / (80 * 0.49))] {
      let table = piaac([Double](repeating: method, count: 6))
      expectClose(try scaled("piaac", table)[0], try plain(table, "SPFWT0", "SPFWT", 80, scale))
    }
    let two = try scaled("piaac", piaac([1, 1, 1, 2, 2, 2]), by: ["CNTRYID"])
    let same = try scaled("piaac", piaac([2, 2, 2, 2, 2, 2]), by: ["CNTRYID"])
    expectClose(two[0], same[0] * (79.0 / 80).squareRoot())
    expectClose(two[1], same[1])
    for methods in [[1, 1, 1, 2, 2, 2], [1, 2, 1, 1, 1, 1], [7, 7, 7, 7, 7, 7]] as [[Double]] {
      #expect(throws: ImmerseError.self) { try scaled("piaac", piaac(methods)) }
    }
  }

  @Test func refusals() throws {
    for text in ["naep", "pisa-", "timss-x", ""] {
      #expect(throws: ImmerseError.self) { try AssessmentPreset(text) }
    }
    let table = given([("W_FSTUWT", Column([1, 1, 1, 1, 1, 1]))], "W_FSTR", 79)
    func problem(_ request: EstimateRequest) -> String {
      do {
        return try rows("pisa", request, on: table).map(\.term).joined()
      } catch { return "\(error)" }
    }
    #expect(problem(EstimateRequest(.mean, of: ["y"])).contains("looks for W_FSTURWT1 to W_FSTURWT80"))
    let design = SurveyDesign(weights: "W_FSTUWT", psu: ["y"])
    #expect(problem(EstimateRequest(.mean, of: ["y"], design: design)).contains("already says how variances"))
  }
}
