import Columnar
import DataFormats
import Foundation
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// Plausible values by the rules of PISA, against arithmetic in R on the noised file of three countries.
struct PlausibleValueTests {
  private static let replicates = ReplicateDesign(
    .fay(0.5), columns: ["w_fsturwt1-w_fsturwt80"], mse: true, independent: "cnt")

  private func request(_ kind: EstimateRequest.Kind, _ variables: [String], by: [String] = ["cnt"])
    -> EstimateRequest
  {
    EstimateRequest(
      kind, of: variables, design: SurveyDesign(weights: "w_fstuwt", replicates: Self.replicates), by: by,
      contrast: true, average: true,
      plausible: ["math", "read", "scie"].map { PlausibleValues($0, columns: ["pv1\($0)-pv10\($0)"]) })
  }

  private func data() throws -> (any Source, GoldenJSON) {
    let path = TestFiles.golden("survey/pisa2018_noisy_fra_ita_mex.csv.gz")
    return (try DataFile.open(path.path), try GoldenJSON(TestFiles.golden("survey/pv_pisa2018_noisy.json"))["values"])
  }

  @Test func meansByCountry() throws {
    let (source, golden) = try data()
    let result = try Estimation.run(request(.mean, ["math", "read", "scie"]), on: source)
    for domain in ["math", "read", "scie"] {
      for country in ["FRA", "ITA", "MEX"] {
        let row = try #require(result.rows.first { $0.term == domain && $0.by[0].level == country })
        let figures = golden["\(country).mean.\(domain)"]
        expectClose(row.estimate ?? .nan, try figures["est"].number)
        expectClose(row.standardError ?? .nan, try figures["se"].number)
        expectClose(row.imputation?.samplingVariance ?? .nan, try figures["sampling_variance"].number)
        expectClose(
          row.imputation?.imputationVariance ?? .nan, 1.1 * (try figures["imputation_variance_B"].number),
          relative: 1e-9)
        let count = Double(row.count)
        expectClose(count, try golden["\(country).n"].number)
      }
    }
    // Countries are samples of their own.
    let average = try #require(result.rows.first { $0.by[0].level == "average" })
    expectClose(average.estimate ?? .nan, try golden["three_country_average.mean.math", "est"].number)
    expectClose(average.standardError ?? .nan, try golden["three_country_average.mean.math", "se"].number)
    let pooled = try Estimation.run(
      EstimateRequest(
        .mean, of: ["math"], design: SurveyDesign(weights: "w_fstuwt", replicates: Self.replicates),
        plausible: [PlausibleValues("math", columns: ["pv1math-pv10math"])]), on: source
    ).rows[0]
    expectClose(pooled.estimate ?? .nan, try golden["ALL.mean.math", "est"].number)
    expectClose(pooled.standardError ?? .nan, try golden["ALL.mean.math", "se"].number)
  }

  @Test func differencesWithinACountry() throws {
    let (source, golden) = try data()
    var request = request(.mean, ["math"], by: ["st004d01t"])
    request.filter = "cnt == 'ITA'"
    let rows = try Estimation.run(request, on: source).rows
    for (row, gender) in zip(rows, ["female", "male"]) {
      expectClose(row.estimate ?? .nan, try golden["ITA.mean.math.by_gender", gender, "est"].number)
      expectClose(row.standardError ?? .nan, try golden["ITA.mean.math.by_gender", gender, "se"].number)
    }
    let gap = golden["ITA.gap_male_minus_female.math"]
    expectClose(rows[2].estimate ?? .nan, try gap["est"].number, relative: 1e-9)
    expectClose(rows[2].standardError ?? .nan, try gap["se"].number)
  }

  /// Value m of one domain goes with value m of the other.
  @Test func correlationOfTwoDomains() throws {
    let (source, golden) = try data()
    let rows = try Estimation.run(request(.correlation, ["math:read"]), on: source).rows
    let italy = try #require(rows.first { $0.by[0].level == "ITA" })
    #expect(italy.term == "math:read")
    expectClose(italy.estimate ?? .nan, try golden["ITA.correlation.math_read", "est"].number)
    expectClose(italy.standardError ?? .nan, try golden["ITA.correlation.math_read", "se"].number, relative: 1e-9)
  }

  // MARK: Without data that cannot be committed

  private func table(_ values: [[Double]]) -> Table {
    let n = values[0].count
    return Table(
      [
        ("w", Column((0..<n).map { 1 + Double($0 % 3) })), ("unit", Column((0..<n).map { Double($0 / 4) })),
        ("z", Column((0..<n).map { Double($0 * 5 % 7) })),
      ] + values.enumerated().map { ("pv\($0 + 1)", Column($1)) })
  }

  private let values: [[Double]] = (0..<4).map { (m: Int) -> [Double] in
    (0..<40).map { (row: Int) -> Double in
      let noise = (row * 17 + m * 5) % 23
      return Double(noise) + Double(row / 4)
    }
  }

  /// Every set of values by itself, and then Rubin's rules by hand.
  @Test(arguments: [nil, ReplicateDesign(.jk1), ReplicateDesign(.bootstrap, count: 20)])
  func rubinsRules(replicates: ReplicateDesign?) throws {
    let table = table(values)
    let design = SurveyDesign(weights: "w", psu: ["unit"], replicates: replicates)
    let single = try Estimation.run(
      EstimateRequest(.mean, of: (1...4).map { "pv\($0)" }, design: design), on: table
    ).rows
    let estimates = single.compactMap(\.estimate)
    let q = estimates.reduce(0, +) / 4
    let u = single.compactMap(\.standardError).reduce(0) { $0 + $1 * $1 } / 4
    let b = 1.25 * estimates.reduce(0) { $0 + ($1 - q) * ($1 - q) } / 3
    let row = try Estimation.run(
      EstimateRequest(
        .mean, of: ["score", "z"], design: design, plausible: [PlausibleValues("score", columns: ["pv1-pv4"])]),
      on: table
    ).rows
    #expect(row.map(\.term) == ["score", "z"])
    expectClose(row[0].estimate ?? .nan, q)
    expectClose(row[0].standardError ?? .nan, (u + b).squareRoot())
    expectClose(row[0].imputation?.imputationVariance ?? .nan, b)
    let large = 3 * (1 + u / b) * (1 + u / b)
    let observed = 10.0 / 12 * 9 * u / (u + b)
    expectClose(row[0].degreesOfFreedom ?? .nan, large * observed / (large + observed))
    #expect(row[1].imputation == nil)
  }

  @Test func nestedImputations() throws {
    let design = SurveyDesign(weights: "w", psu: ["unit"])
    let table = table(values)
    let single = try Estimation.run(
      EstimateRequest(.mean, of: (1...4).map { "pv\($0)" }, design: design), on: table
    ).rows
    let e = single.compactMap(\.estimate)
    let u = single.compactMap(\.standardError).reduce(0) { $0 + $1 * $1 } / 4
    let (first, second) = ((e[0] + e[1]) / 2, (e[2] + e[3]) / 2)
    let between = (first - second) * (first - second) / 2
    let within = ((e[0] - e[1]) * (e[0] - e[1]) + (e[2] - e[3]) * (e[2] - e[3])) / 4
    let row = try Estimation.run(
      EstimateRequest(
        .mean, of: ["score"], design: design, plausible: [try PlausibleValues("score=pv1-pv2;pv3-pv4")]), on: table
    ).rows[0]
    expectClose(row.standardError ?? .nan, (u + 1.5 * between + 0.5 * within).squareRoot())
    #expect(row.imputation?.count == 4)
  }

  @Test func hostilePlausibleValues() throws {
    let design = SurveyDesign(weights: "w", psu: ["unit"])
    func problem(
      _ plausible: [PlausibleValues], _ variables: [String] = ["score"], _ table: Table? = nil,
      missing: EstimateRequest.Missing = .fail
    ) -> String {
      do {
        let request = EstimateRequest(
          .mean, of: variables, design: design, missing: missing, plausible: plausible)
        return try Estimation.run(request, on: table ?? self.table(values)).notes.map(\.message)
          .joined(separator: "; ")
      } catch { return "\(error)" }
    }
    #expect(problem([PlausibleValues("score", columns: ["pv1-pv5"])]).contains("\"pv5\": there is no such column"))
    #expect(problem([PlausibleValues("score", columns: ["pv1"])]).contains("is a single plausible value"))
    #expect(problem([PlausibleValues("score", nests: [["pv1-pv2"], ["pv3"]])]).contains("do not hold the same number"))
    let twice = [PlausibleValues("score", columns: ["pv1-pv2"]), PlausibleValues("score", columns: ["pv3-pv4"])]
    #expect(problem(twice).contains("defined twice"))
    let two = [PlausibleValues("a", columns: ["pv1-pv2"]), PlausibleValues("b", columns: ["pv1-pv3"])]
    #expect(problem(two, ["a", "b"]).contains("another number of imputations"))
    var gaps = values
    gaps[1][5] = .nan
    let score = [PlausibleValues("score", columns: ["pv1-pv4"])]
    #expect(problem(score, ["score"], table(gaps)).contains("row 6: variable \"pv2\": 1 rows have no value"))
    #expect(problem(score, ["score"], table(gaps), missing: .drop).contains("from 0 to 1 rows"))
    #expect(throws: ImmerseError.self) { try PlausibleValues("score") }
    #expect(throws: ImmerseError.self) { try PlausibleValues("=pv1") }
  }
}
