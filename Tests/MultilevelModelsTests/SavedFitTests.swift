import Columnar
import Streaming
import TestSupport
import Testing

@testable import MultilevelModels

@Suite struct SavedFitTests {
  private let request = FitRequest("mAch ~ cses*sector + (cses | school)", method: .reml)

  /// Hsb82 cut by schools; parts differ in centre and spread.
  private func parts(_ table: Table) throws -> (Table, Table) {
    let means = table.numbers("meanses")
    let rows = Array(means.indices)
    func part(_ belongs: (Double) -> Bool) -> Table {
      table.rows(rows.filter { belongs(means[$0]) }).declaring("sector", ["Public", "Catholic"])
    }
    return (part { $0 < 0.1 }, part { $0 >= 0.1 })
  }

  private func expectSame(_ a: MixedModelResult, _ b: MixedModelResult) {
    expectClose(a.criterion.value, b.criterion.value, relative: 1e-11)
    expectClose(a.rows.map(\.estimate), b.rows.map(\.estimate), relative: 1e-7)
    expectClose(a.rows.map(\.standardError), b.rows.map(\.standardError), relative: 1e-6)
    expectClose(a.varianceComponents.map(\.covariance), b.varianceComponents.map(\.covariance), relative: 1e-5)
    #expect(a.groups == b.groups)
    #expect(a.count == b.count)
  }

  @Test func aFitComesBackFromItsBytes() throws {
    let table = try Fixture.hsb82()
    var saved = try SavedFit(request, of: table)
    let first = try saved.model(threads: 2)
    expectSame(first.result, try MixedModel.fit(request, to: table).result)
    var back = try SavedFit(saved.bytes)
    #expect(back.request == request)
    #expect(back.rowCount == 7_185)
    let again = try back.model(threads: 1)
    expectSame(again.result, first.result)
    // The search begins at its end.
    #expect(again.result.convergence.evaluations < first.result.convergence.evaluations)
    #expect(try SavedFit(back.bytes).bytes == back.bytes)
  }

  @Test func newSchoolsAreTakenIn() throws {
    let table = try Fixture.hsb82()
    let (low, high) = try parts(table)
    var saved = try SavedFit(request, of: low)
    _ = try saved.model(threads: 1)
    saved = try SavedFit(saved.bytes)
    try saved.add(high)
    expectSame(try saved.model(threads: 1).result, try MixedModel.fit(request, to: table).result)
  }

  @Test func partsMergeToTheWhole() throws {
    let table = try Fixture.weightedHsb82()
    let (low, high) = try parts(table)
    for request in [
      request, FitRequest("mAch ~ cses + (1 | school)", weights: ["c1", "c2"], weightsAre: .conditional),
      FitRequest("mAch ~ cses + (1 | school)", residualBy: "sx"),
      FitRequest("mAch ~ 0 + sector + cses + (0 + cses | school)"),
    ] {
      var saved = try SavedFit(try SavedFit(request, of: high).bytes)
      try saved.merge(try SavedFit(request, of: low))
      expectSame(try saved.model(threads: 1).result, try MixedModel.fit(request, to: table).result)
    }
  }

  /// A school, or a plate, whose rows lie in both parts.
  @Test func groupsMayBeSplitOverParts() throws {
    let table = try Fixture.table("Penicillin.csv")
    let rows = Array(0..<table.rowCount)
    let request = FitRequest("diameter ~ 1 + (1 | plate) + (1 | sample)")
    var saved = try SavedFit(request, of: table.rows(rows.filter { $0 % 3 == 0 }))
    try saved.merge(try SavedFit(request, of: table.rows(rows.filter { $0 % 3 == 1 })))
    try saved.add(table.rows(rows.filter { $0 % 3 == 2 }))
    expectSame(try saved.model(threads: 1).result, try MixedModel.fit(request, to: table).result)
  }

  @Test func whatDoesNotBelongTogetherIsRefused() throws {
    let table = try Fixture.hsb82()
    var saved = try SavedFit(request, of: table)
    let bytes = saved.bytes
    for position in [3, 9, 40, bytes.count / 2, bytes.count - 3] {
      var damaged = bytes
      damaged[position] ^= 1
      #expect(throws: ImmerseError.self) { try SavedFit(damaged) }
    }
    for count in [0, 8, 30, bytes.count - 1] {
      #expect(throws: ImmerseError.self) { try SavedFit(Array(bytes.prefix(count))) }
    }
    let other = try SavedFit(FitRequest("mAch ~ cses + (1 | school)"), of: table)
    let mismatch = #expect(throws: ImmerseError.self) { try saved.merge(other) }
    #expect(mismatch?.problem.contains("different requests") == true)

    // A sector nobody has seen before.
    let third = table.rows(Array(0..<200)).adding("sector", (0..<200).map { $0 % 2 == 0 ? "Public" : "Steiner" })
    let levels = #expect(throws: ImmerseError.self) { try saved.add(third) }
    #expect(levels?.problem.contains("levels of a predictor") == true)

    let centred = #expect(throws: ImmerseError.self) {
      try SavedFit(FitRequest("mAch ~ cwc(ses, school) + (1 | school)"), of: table)
    }
    #expect(centred?.kind == .usage)
    // What failed left the fit as it was.
    #expect(saved.rowCount == 7_185)
  }
}
