import Columnar
import ImmerseStats
import Streaming
import Testing

@Suite struct AnalysisRequestTests {
  /// Schools in regions, with a response that depends on both.
  static func table(schools: Range<Int>) -> Table {
    var (school, region, x, y, w) = ([String?](), [String?](), [Double](), [Double](), [Double]())
    var items = Array(repeating: [Double](), count: 3)
    for j in schools {
      for i in 0..<(5 + j % 4) {
        school.append("s\(j)")
        region.append(["north", "east", "south"][j % 3])
        let value = Double((i * 7 + j * 3) % 11)
        x.append(value)
        y.append(2 + 0.5 * value + Double(j % 5) + Double((i * i + j) % 3))
        w.append(1 + Double(j % 2))
        for k in items.indices { items[k].append((i * i * (k + 3) + j * (k + 1)) % 7 > 2 + k % 2 ? 1 : 0) }
      }
    }
    return Table([
      ("school", Column(school)), ("region", Column(region)), ("x", Column(x)), ("y", Column(y)), ("w", Column(w)),
      ("a", Column(items[0])), ("b", Column(items[1])), ("c", Column(items[2])),
    ])
  }

  static let requests = [
    #"{"estimate": {"kind": "mean", "variables": ["y", "x"], "by": ["region"], "contrast": true, "#
      + #""design": {"weights": "w", "psu": ["school"]}}}"#,
    #"{"estimate": {"kind": "proportion", "variables": ["region"], "design": {"weights": "w"}}}"#,
    #"{"estimate": {"kind": "total", "variables": ["y"], "design": {"weights": "w", "psu": ["school"]}}}"#,
    #"{"estimate": {"kind": "ratio", "variables": ["y/x"], "by": ["region"], "design": {"weights": "w"}}}"#,
    #"{"estimate": {"kind": "variance", "variables": ["y"], "design": {"weights": "w", "psu": ["school"]}}}"#,
    #"{"estimate": {"kind": "sd", "variables": ["y"], "by": ["region"], "design": {"weights": "w"}}}"#,
    #"{"estimate": {"kind": "covariance", "variables": ["y", "x"], "design": {"weights": "w"}}}"#,
    #"{"estimate": {"kind": "correlation", "variables": ["y", "x"], "design": {"weights": "w"}}}"#,
    #"{"estimate": {"kind": "ecdf", "variables": ["y"], "at": [4, 8], "design": {"weights": "w"}}}"#,
    #"{"calibrate_weights": {"weights": "w", "margins": [{"variable": "region", "category": "north", "total": 100}, "#
      + #"{"variable": "region", "category": "east", "total": 90}, "#
      + #"{"variable": "region", "category": "south", "total": 80}, {"variable": "x", "total": 1400}]}}"#,
    #"{"poststratify": {"weights": "w", "margins": [{"variable": "region", "category": "north", "total": 100}, "#
      + #"{"variable": "region", "category": "east", "total": 90}, "#
      + #"{"variable": "region", "category": "south", "total": 80}]}}"#,
    #"{"fit": {"formula": "y ~ x + region + (1 + x | school)"}}"#,
    #"{"fit": {"formula": "y ~ x + (1 | school)", "weights": ["w"]}}"#,
    #"{"rake": {"weights": "w", "margins": [{"variable": "region", "category": "north", "total": 100}, "#
      + #"{"variable": "region", "category": "east", "total": 90}, "#
      + #"{"variable": "region", "category": "south", "total": 80}]}}"#,
  ]

  /// Analyses that take a pass for each step, or read what an earlier pass has worked out.
  static let requestsOfManyPasses = [
    #"{"estimate": {"kind": "glm", "variables": ["y ~ x + region"], "design": {"weights": "w", "psu": ["school"]}}}"#,
    #"{"estimate": {"kind": "glm", "variables": ["I(y > 5) ~ x + region"], "family": "binomial", "#
      + #""design": {"weights": "w", "psu": ["school"]}}}"#,
    #"{"estimate": {"kind": "glm", "variables": ["x ~ w"], "family": "poisson", "#
      + #""design": {"weights": "w", "strata": ["region"], "psu": ["school"]}}}"#,
    #"{"estimate": {"kind": "glm", "variables": ["region ~ x"], "family": "ordinal", "design": {"psu": ["school"]}}}"#,
    #"{"estimate": {"kind": "glm", "variables": ["y ~ x"], "se": "cr2", "design": {"psu": ["school"]}}}"#,
    #"{"estimate": {"kind": "chisq", "variables": ["region:w"], "design": {"psu": ["school"]}}}"#,
    #"{"estimate": {"kind": "ttest", "variables": ["y ~ 0"], "design": {"psu": ["school"]}}}"#,
    #"{"estimate": {"kind": "segregation", "variables": ["a:school"], "design": {"psu": ["school"]}}}"#,
    #"{"diagnose": {"weights": "w", "variables": ["x", "region"], "by": ["region"]}}"#,
    #"{"fit": {"formula": "y ~ cwc(x, school) + (1 | school)"}}"#,
    #"{"fit": {"formula": "y ~ x + (1 | school)", "compare": ["y ~ (1 | school)"], "method": "ml"}}"#,
    #"{"scale": {"scale": {"name": "s", "items": [{"name": "x", "thresholds": [0,1,2,3,4,5,6,7,8,9]}]}, "#
      + #""by": "region"}}"#,
    #"{"calibrate": {"name": "s", "items": ["a", "b", "c"], "maximum": 1}}"#,
  ]

  @Test(arguments: requests + requestsOfManyPasses)
  func partsGiveTheAnswerOfTheWhole(_ json: String) throws {
    let request = try AnalysisRequest(json: Array(json.utf8))
    let whole = try request.run(on: Self.table(schools: 0..<40)).result
    // The third part has no rows, and the second is merged as bytes from elsewhere.
    let parts = [0..<13, 13..<31, 31..<31, 31..<40].map(Self.table)
    func pass(_ profile: [UInt8]?) throws -> PartialAnalysis.Finished {
      var first = try PartialAnalysis(request, profile: profile)
      for part in parts {
        var other = try PartialAnalysis(request, profile: profile)
        try other.update(part)
        try first.merge(other.serialized)
      }
      return try first.finish()
    }
    var finished = try pass(nil)
    while case .profile(let profile) = finished { finished = try pass(profile) }
    guard case .outcome(let outcome) = finished else { return }
    let difference = Self.largestDifference(whole.json, outcome.result.json)
    // Optima are found by steps that end where rounding begins.
    #expect(difference < (json.contains("\"fit\"") || json.contains("\"calibrate\"") ? 1e-9 : 1e-12))
    #expect(whole.rows.count == outcome.result.rows.count)
  }

  /// Relative, over all numbers of the estimates and their errors; notes quote some of them to the last digit.
  static func largestDifference(_ a: JSONValue, _ b: JSONValue) -> Double {
    switch (a, b) {
    case (.number(let x), .number(let y)): abs(x - y) / max(1, abs(x))
    case (.array(let x), .array(let y)) where x.count == y.count:
      zip(x, y).map { largestDifference($0, $1) }.max() ?? 0
    case (.object(let x), .object(let y)) where x.map(\.key) == y.map(\.key):
      zip(x, y).filter { !["convergence", "message"].contains($0.0.key) }.map {
        largestDifference($0.value, $1.value)
      }.max() ?? 0
    default: a == b ? 0 : .infinity
    }
  }

  @Test func mergingRefusesAnotherRequest() throws {
    let one = try AnalysisRequest(json: Array(Self.requests[0].utf8))
    let other = try AnalysisRequest(json: Array(Self.requests[1].utf8))
    var partial = try PartialAnalysis(one, profile: nil)
    let bytes = try PartialAnalysis(other, profile: nil).serialized
    #expect(throws: ImmerseError.self) { try partial.merge(bytes) }
    #expect(throws: ImmerseError.self) { try partial.merge(Array(bytes.prefix(20))) }
    #expect(throws: ImmerseError.self) { try PartialAnalysis(one, profile: [1, 2, 3]) }
  }

  @Test(arguments: [
    #"{"estimate": {"kind": "ranktest", "variables": ["y ~ region"]}}"#,
    #"{"estimate": {"kind": "mean", "variables": ["y"], "design": {"replicates": {"method": "bootstrap", "count": 9}}}}"#,
    #"{"estimate": {"kind": "quantile", "variables": ["y"]}}"#,
    #"{"fit": {"formula": "y ~ x + (1 | school)", "predict": true}}"#,
    #"{"weight": {"steps": [{"trim": {"weights": "w", "upper": 2}}]}}"#,
  ])
  func whatIsNotHadInPartsSaysSo(_ json: String) throws {
    let request = try AnalysisRequest(json: Array(json.utf8))
    let error = #expect(throws: ImmerseError.self) { try PartialAnalysis(request, profile: nil) }
    #expect(error?.description.contains("in parts") == true)
  }

  @Test func savedFitsPredictOtherRows() throws {
    let fit = #"{"fit": {"formula": "y ~ x + (1 | school)", "save": true, "predict": true, "random_effects": true}}"#
    let rows = Self.table(schools: 0..<40)
    let fitted = try AnalysisRequest(json: Array(fit.utf8)).run(on: rows)
    let saved = try #require(fitted.result.json["saved"])
    #expect(fitted.result.json["random_effects"]?.elements?.count == 40)
    let request = try AnalysisRequest(json: Array(#"{"predict": {"model": \#(saved.compactText)}}"#.utf8))
    let (own, again) = (try fitted.addedColumns.batch, try request.run(on: rows).addedColumns.batch)
    let (a, b) = (try own.numbers("fitted").array, try again.numbers("fitted").array)
    let difference = zip(a, b).map { abs($0 - $1) }.max() ?? .infinity
    #expect(difference < 1e-9)
    let damaged = try AnalysisRequest(json: Array(#"{"predict": {"model": "AAAA"}}"#.utf8))
    #expect(throws: ImmerseError.self) { try damaged.run(on: rows) }
    let noText = try AnalysisRequest(json: Array(#"{"predict": {"model": "not base 64!"}}"#.utf8))
    #expect(throws: ImmerseError.self) { try noText.run(on: rows) }
  }

  @Test func rakingAddsItsWeights() throws {
    let request = try AnalysisRequest(json: Array((Self.requests.last ?? "").utf8))
    let outcome = try request.run(on: Self.table(schools: 0..<40))
    #expect(outcome.addedFields.map(\.name) == ["weight"])
    let sum = try outcome.addedRows.map { try $0.numbers("weight").array.reduce(0, +) }.reduce(0, +)
    #expect(abs(sum - 270) < 1e-9)
  }

  @Test(arguments: [
    ("{}", "names no analysis"), (#"{"estimat": {}}"#, "names no analysis"),
    (#"{"fit": {"formula": "y ~ x"}, "score": {}}"#, "more than one"),
    (#"{"fit": {"formula": "y ~ x", "weight": ["w"]}}"#, "did you mean"),
    (#"{"estimate": {"kind": "meen", "variables": ["y"]}}"#, "is not one of"),
    (#"{"estimate": {"kind": "mean"}}"#, "\"variables\" is missing"),
  ])
  func refusesWhatItDoesNotKnow(_ json: String, _ message: String) throws {
    let error = #expect(throws: ImmerseError.self) { try AnalysisRequest(json: Array(json.utf8)) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  /// Sensitivity and scales as documents: the result says which analysis it is, and scores come back as columns.
  @Test func indicatorsAndScales() throws {
    let schools = Self.table(schools: 0..<4)
    let units = Table([("unit", Column(["A", "B", "C"])), ("p", Column([1.0, 2, 4])), ("q", Column([5.0, 3, 4]))])
    let framework =
      #"{"indicators": [{"code": "p", "parent": "i"}, {"code": "q", "parent": "i"}], "#
      + #""aggregates": [{"code": "i"}]}"#
    let sensitivity = try AnalysisRequest(
      json: Array(#"{"sensitivity": {"framework": \#(framework), "sensitivity": {"weights": 0.5, "draws": 20}}}"#.utf8))
    let outcome = try sensitivity.run(on: units)
    #expect(outcome.result.analysis == "sensitivity")
    #expect(outcome.result.rows.count == 1)
    let scale = try AnalysisRequest(
      json: Array(
        #"{"scale": {"scale": {"name": "s", "items": [{"name": "x", "thresholds": [0,1,2,3,4,5,6,7,8,9]}]}}}"#.utf8))
    let scored = try scale.run(on: schools)
    #expect(scored.result.analysis == "score.scale")
    #expect(scored.addedFields.map(\.name) == ["s", "s_se"])
    let calibrate = try AnalysisRequest(
      json: Array(#"{"calibrate": {"name": "s", "items": ["x", "y"], "maximum": 1}}"#.utf8))
    let error = #expect(throws: ImmerseError.self) { try calibrate.run(on: schools) }
    #expect(error?.kind == .badData)
  }
}
