import Columnar
import DataFormats
import Foundation
import ModelFormula
import Streaming
import TestSupport
import Testing

@testable import MultilevelModels

/// Data that are allowed and awkward, or not allowed and likely.
@Suite struct HostileTests {
  /// `groups` groups, most of a single row.
  private func sparse(_ groups: Int, seed: UInt64) -> Table {
    var random = SplitMix64(state: seed)
    var (y, x, g): ([Double], [Double], [String]) = ([], [], [])
    for group in 0..<groups {
      let effect = Double.random(in: -1...1, using: &random)
      for _ in 0..<(group % 5 == 0 ? 2 : 1) {
        x.append(Double.random(in: -1...1, using: &random))
        y.append(2 * x[x.count - 1] + effect + Double.random(in: -1...1, using: &random))
        g.append("g\(group)")
      }
    }
    return Table([("y", Column(y)), ("x", Column(x))]).adding("g", g)
  }

  @Test func mostGroupsOfOneRow() throws {
    let result = try MixedModel.fit(FitRequest("y ~ x + (1 | g)"), to: sparse(200, seed: 3)).result
    #expect(result.convergence.converged)
    #expect(result.groups == ["g": 200])
    #expect(result.rows.allSatisfy { $0.estimate.isFinite && $0.standardError > 0 })
  }

  @Test func collinearPredictorsOfAllKinds() throws {
    let table = try Fixture.hsb82()
    let public01 = table.strings("sector").map { $0 == "Public" ? 1.0 : 0 }
    let wide = table.adding("public", public01).adding("sum", zip(public01, table.numbers("cses")).map { $0 + 3 * $1 })
      .adding("constant", public01.map { _ in 7 })
    let result = try MixedModel.fit(
      FitRequest("mAch ~ constant + sector + public + cses + sum + cses:constant + (1 | school)"), to: wide
    ).result
    #expect(result.rows.map(\.term) == ["(Intercept)", "sectorCatholic", "cses"])
    let note = try #require(result.notes.first { $0.code == "rank_deficient" })
    for name in ["constant", "public", "sum", "constant:cses"] { #expect(note.message.contains(name), "\(name)") }
    // The same through the engine of crossed factors.
    let crossed = try CrossedModel.of(
      FitRequest("mAch ~ constant + sector + public + cses + (1 | school) + (1 | sx)"), wide)
    #expect(crossed.dependent.map { crossed.grams.frame.columns[$0].name } == ["constant", "public"])
  }

  /// A predictor that is constant within every group, and one that is constant in most.
  @Test func slopesOfWhatHardlyVaries() throws {
    let table = try Fixture.hsb82()
    let rare = table.numbers("cses").enumerated().map { $0 % 400 == 0 ? $1 : 0 }
    let result = try MixedModel.fit(
      FitRequest("mAch ~ cses + (meanses | school)"), to: table.adding("rare", rare)
    ).result
    #expect(result.convergence.converged)
    let other = try MixedModel.fit(FitRequest("mAch ~ rare + (rare || school)"), to: table.adding("rare", rare)).result
    #expect(other.convergence.converged)
  }

  @Test func tooManyCorrelatedEffectsAreRefused() {
    var random = SplitMix64(state: 9)
    let rows = 3_000
    var columns: [(String, Column)] = [
      ("y", Column((0..<rows).map { _ in Double.random(in: 0...1, using: &random) })),
      ("g", Column((0..<rows).map { "g\($0 % 10)" })),
    ]
    for k in 1...200 {
      columns.append(("x\(k)", Column((0..<rows).map { _ in Double.random(in: 0...1, using: &random) })))
    }
    let effects = (1...200).map { "x\($0)" }.joined(separator: " + ")
    let error = #expect(throws: ImmerseError.self) {
      try MixedModel.fit(FitRequest("y ~ 1 + (\(effects) | g)"), to: Table(columns))
    }
    #expect(error?.kind == .usage)
    #expect(error?.problem.contains("20301 variances and covariances") == true, "\(error?.description ?? "")")
  }

  /// Every school has rows in both files, whose factor levels differ in order.
  @Test func groupsSplitOverFiles() throws {
    let table = try Fixture.hsb82()
    let (schools, x, y) = (table.strings("school"), table.numbers("cses"), table.numbers("mAch"))
    try TestFiles.withTemporaryFolder { folder in
      var paths: [String] = []
      for part in 0..<2 {
        let rows = schools.indices.filter { $0 % 2 == part }
        let ordered = part == 0 ? rows : rows.reversed()
        let lines = ["school,cses,mAch"] + ordered.map { "s\(schools[$0]),\(x[$0]),\(y[$0])" }
        let path = folder.appending(path: "\(part).csv")
        try lines.joined(separator: "\n").write(to: path, atomically: true, encoding: .utf8)
        paths.append(path.path)
      }
      let request = FitRequest("mAch ~ cses + (cses | school)")
      let whole = try MixedModel.fit(request, to: table).result
      let split = try MixedModel.fit(request, to: try DataFile.open(paths)).result
      #expect(split.groups == ["school": 160] && split.count == whole.count)
      expectClose(split.criterion.value, whole.criterion.value, relative: 1e-12)
      expectClose(split.rows.map(\.estimate), whole.rows.map(\.estimate), relative: 1e-8)
    }
  }

  /// Independent effects are refused only where there are too few rows to tell their variances from the residual one.
  @Test func manyIndependentEffectsOfFewRows() throws {
    var random = SplitMix64(state: 10)
    let (rows, count) = (480, 200)
    let names = (1...count).map { "x\($0)" }
    var columns = names.map { ($0, Column((0..<rows).map { _ in Double.random(in: -1...1, using: &random) })) }
    columns.append(("g", Column((0..<rows).map { "g\($0 % 8)" })))
    columns.append(("y", Column((0..<rows).map { _ in Double.random(in: -1...1, using: &random) })))
    let effects = names.joined(separator: " + ")
    let error = #expect(throws: ImmerseError.self) {
      try MixedModel.fit(FitRequest("y ~ 1 + (1 | g) + (0 + \(effects) || g)"), to: Table(columns))
    }
    #expect(error?.kind == .badData && error?.variable == "g")
    #expect(error?.problem.hasPrefix("8 groups with 201 random effects each, but only 480 rows") == true)
  }

  @Test func missingEverywhereIsCountedAndNeverANumber() throws {
    let table = sparse(60, seed: 5)
    let rows = 0..<table.rowCount
    let holes = table.adding("y", rows.map { $0 % 7 == 0 ? .nan : table.numbers("y")[$0] })
      .adding("x", rows.map { $0 % 11 == 0 ? .nan : table.numbers("x")[$0] })
      .adding("w", rows.map { $0 % 13 == 0 ? .nan : $0 % 17 == 0 ? 0 : 1.5 })
    let result = try MixedModel.fit(
      FitRequest("y ~ x + (1 | g)", weights: ["w"], weightScaling: .size), to: holes
    ).result
    #expect(result.droppedRows.reduce(0) { $0 + $1.rows } + result.count == table.rowCount)
    #expect(result.rows.allSatisfy { $0.estimate.isFinite && $0.standardError.isFinite })
    for value in [Double.infinity, -.infinity] {
      let error = #expect(throws: ImmerseError.self) {
        try MixedModel.fit(
          FitRequest("y ~ x + (1 | g)"), to: table.adding("x", rows.map { $0 == 5 ? value : table.numbers("x")[$0] }))
      }
      #expect(error?.kind == .badData)
      #expect(error?.variable == "x")
    }
  }

  @Test func aCancelledSearchSaysSo() throws {
    let table = try Fixture.hsb82()
    let request = FitRequest("mAch ~ cses + (cses | school)")
    let engine = Engine(threads: 1)
    let dataset = try Dataset(table, columns: try MixedModel.columns(request), engine: engine)
    let grams = try dataset.fit(try MixedModel.grams(request, of: dataset), with: engine)
    let cancellation = Cancellation()
    cancellation.request()
    let error = #expect(throws: ImmerseError.self) {
      try MixedModel(grams, threads: 1, cancellation: cancellation)
    }
    #expect(error?.kind == .cancelled)
  }
}
