import Columnar
import Expressions
import Streaming
import TestSupport
import Testing

@Suite struct JoinTests {
  private static let rows = Table(
    [
      ("child", Column([1, 2, 3, 4, 5, 6])),
      ("school", Column([1, 2, 1, 7, .nan, 8])),
    ], name: "children")
  private static let schools = Table(
    [
      ("school", Column(["1", "2", "3"])),
      ("region", Column(["01", "02", "01"])),
      ("size", Column(["010", "25.5", nil])),
      ("name", Column(["North", "South", "West"])),
    ], name: "schools.csv")
  private let engine = Engine(threads: 2)

  private func joined() throws -> any Source {
    try JoinTests.rows.joining(try JoinTransform(JoinTests.schools, key: "school", with: engine))
  }

  @Test func everyRowGetsTheColumnsOfItsKey() throws {
    let source = try joined()
    #expect(source.columnNames == ["child", "school", "region", "size", "name"])
    let batch = try source.chunk(0, [.category("name"), .category("region"), .number("child")])
    let names = try batch.categories("name")
    #expect(
      names.codes.array.map { $0 < 0 ? nil : names.levels[Int($0)] } == ["North", "South", "North", nil, nil, nil])
    #expect(try batch.numbers("child").array == [1, 2, 3, 4, 5, 6])
    // The text of a number stays as it stands in the table.
    let regions = try batch.categories("region")
    #expect(regions.codes.array.map { $0 < 0 ? nil : regions.levels[Int($0)] } == ["01", "02", "01", nil, nil, nil])
  }

  @Test func numbersWrittenOtherwiseAreCounted() throws {
    let table = Table([("school", Column(["01", "02", "8"])), ("size", Column([1, 2, 3]))])
    let join = try JoinTransform(table, key: "school", with: engine)
    let dataset = try Dataset(JoinTests.rows, columns: join.inputs, engine: engine)
    let report = try dataset.fit(JoinCheck(join), with: engine)
    // Of 1, 2 and 7 the table has the first two as 01 and 02.
    #expect(report.unmatchedKeys == 3 && report.keysWrittenOtherwise == 2)
  }

  @Test func numbersOfTheTableAreNumbers() throws {
    let table = Table([("school", Column([1, 2])), ("size", Column([10, 25.5])), ("flag", Column(["x", "y"]))])
    let source = try JoinTests.rows.joining(try JoinTransform(table, key: "school", with: engine))
    #expect(try source.types(of: ["size", "flag"]) == ["size": .float64, "flag": .category])
    for request in [ColumnRequest.number("size"), .native("size")] {
      let column = try #require(try source.chunk(0, [request])["size"])
      #expect(column.type == .float64)
      let numbers = column.numbers?.array.map { $0.isNaN ? -1 : $0 }
      #expect(numbers == [10, 25.5, 10, -1, -1, -1])
    }
  }

  @Test func theTableMayBeLongAndNameItsKeyOtherwise() throws {
    let count = chunkRows + 10
    let table = Table([
      ("code", Column((0..<count).map { Double($0) })), ("value", Column((0..<count).map { Double($0) * 2 })),
      ("other", Column((0..<count).map { Double($0) })),
    ])
    let rows = Table([("id", Column([0, Double(count - 1), Double(count)]))])
    let join = try JoinTransform(table, key: "id", tableKey: "code", columns: ["value"], with: engine)
    let source = try rows.joining(join)
    #expect(source.columnNames == ["id", "value"])
    let values = try source.chunk(0, [.number("value")]).numbers("value").array.map { $0.isNaN ? -1 : $0 }
    #expect(values == [0, Double(count - 1) * 2, -1])
  }

  @Test func rowsWithoutMatchAreReported() throws {
    let join = try JoinTransform(JoinTests.schools, key: "school", with: engine)
    let dataset = try Dataset(JoinTests.rows, columns: join.inputs, engine: engine)
    let report = try dataset.fit(JoinCheck(join), with: engine)
    var expected = JoinReport()
    expected.unmatchedRows = 2
    expected.firstUnmatchedRows = [4, 6]
    expected.unmatchedKeys = 2
    expected.rowsWithoutKey = 1
    expected.unusedTableRows = 1
    #expect(report == expected)
  }

  @Test func theReportDoesNotDependOnThreads() throws {
    let count = 3 * chunkRows
    let rows = Table([("school", Column((0..<count).map { Double($0 % 11) }))])
    let join = try JoinTransform(JoinTests.schools, key: "school", with: engine)
    let reports = try [1, 2, 5].map { threads in
      let engine = Engine(threads: threads, memoryLimit: 0)
      return try Dataset(rows, columns: join.inputs, engine: engine).fit(JoinCheck(join), with: engine)
    }
    #expect(reports[0] == reports[1] && reports[1] == reports[2])
    let unmatched = (0..<count).filter { !(1...3).contains($0 % 11) }.count
    #expect(reports[0].unmatchedRows == unmatched)
    #expect(reports[0].firstUnmatchedRows == [1, 5, 6, 7, 8])
    #expect(reports[0].unmatchedKeys == 8)
    #expect(reports[0].unusedTableRows == 0)
    let check = JoinCheck(join)
    var partial = check.makePartial()
    try partial.absorb(try rows.chunk(0, join.inputs))
    let restored = try SavedPartial.decode(SavedPartial.encode(partial, of: check), of: check)
    #expect(try check.finish(restored) == check.finish(partial))
  }

  @Test func doubleAndMissingKeysAreRefused() {
    func refusal(_ keys: [String?]) -> ImmerseError? {
      let table = Table(
        [("school", Column(keys)), ("x", Column(keys.map { _ in 1 }))], name: "schools.csv")
      return #expect(throws: ImmerseError.self) { _ = try JoinTransform(table, key: "school", with: engine) }
    }
    let double = refusal(["a", "b", "c", "b"])
    #expect(double?.kind == .badData)
    #expect(
      double?.description.hasPrefix("schools.csv: variable \"school\": rows 2 and 4 of the table have the same key")
        == true)
    let empty = refusal(["a", nil])
    #expect(empty?.problem == "row 2 of the table has no key")
  }

  @Test func unusableRequestsAreRefused() throws {
    let clash = Table([("school", Column([1])), ("child", Column([1]))], name: "schools.csv")
    let join = try JoinTransform(clash, key: "school", with: engine)
    let taken = #expect(throws: ImmerseError.self) { _ = try JoinTests.rows.joining(join) }
    #expect(taken?.kind == .usage)
    #expect(taken?.variable == "child")
    let bare = Table([("school", Column([1]))])
    let nothing = #expect(throws: ImmerseError.self) { _ = try JoinTransform(bare, key: "school", with: engine) }
    #expect(nothing?.kind == .usage)
    let absent = #expect(throws: ImmerseError.self) {
      _ = try JoinTransform(JoinTests.schools, key: "shool", with: engine)
    }
    #expect(absent?.remedy == "did you mean \"school\"?")
    let keyless = Table([("child", Column([1]))], name: "children")
    let key = try JoinTransform(JoinTests.schools, key: "school", with: engine)
    let noKey = #expect(throws: ImmerseError.self) { _ = try keyless.joining(key) }
    #expect(noKey?.variable == "school")
  }
}
