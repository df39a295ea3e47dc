import Columnar
import ImmerseStats
import Testing

@Suite struct ModelPresetTests {
  private func table(without missing: Set<String> = []) -> Table {
    var columns = ["CNT", "CNTSCHID"].map { ($0, Column(["a", "b"])) }
    let numbers =
      ["ESCS", "W_FSTUWT", "own", "JKZONE", "JKREP", "TOTWGT", "TOTAL"] + (1...80).map { "W_FSTURWT\($0)" }
      + (1...10).map { "PV\($0)MATH" }
    columns += numbers.filter { !missing.contains($0) }.map { ($0, Column([1.0, 2])) }
    return Table(columns)
  }

  @Test func aPresetNamesWeightsReplicatesAndPlausibleValues() throws {
    let preset = try AssessmentPreset("pisa")
    let request = try preset.apply(to: FitRequest("math ~ ESCS + (1 | CNTSCHID)"), of: table())
    #expect(request.weights == ["W_FSTUWT"])
    #expect(request.replicates?.columns == (1...80).map { "W_FSTURWT\($0)" })
    #expect(request.replicates?.method == .fay(0.5) && request.replicates?.mse == true)
    #expect(request.plausible.map(\.name) == ["math"])
    #expect(try request.plausible[0].imputations == [(1...10).map { "PV\($0)MATH" }])
    let own = try preset.apply(to: FitRequest("ESCS ~ 1 + (1 | CNTSCHID)", weights: ["own"]), of: table())
    #expect(own.weights == ["own"] && own.plausible.isEmpty)
  }

  @Test func whatAModelCannotTakeIsRefused() throws {
    let request = FitRequest("ESCS ~ 1 + (1 | CNTSCHID)")
    let zones = #expect(throws: ImmerseError.self) {
      try AssessmentPreset("timss").apply(to: request, of: table(without: ["W_FSTUWT"]))
    }
    #expect(zones?.problem == "models take replicates from the data")
    let none = #expect(throws: ImmerseError.self) {
      try AssessmentPreset("pisa").apply(to: request, of: table(without: ["W_FSTURWT7"]))
    }
    #expect(none?.kind == .badData)
    var twice = request
    twice.replicates = ReplicateDesign(.brr, columns: ["own"])
    #expect(throws: ImmerseError.self) { try AssessmentPreset("pisa").apply(to: twice, of: table()) }
  }
}
