import Columnar
import Streaming
import TestSupport
import Testing

@Suite struct RequestTests {
  @Test func oneRequestForEachName() {
    #expect([ColumnRequest.number("a"), .number("b"), .number("a")].merged == [.number("a"), .number("b")])
    #expect([ColumnRequest.number("a"), .category("a")].merged == [.category("a")])
    #expect([ColumnRequest.category("a"), .number("a"), .automatic("a")].merged == [.category("a")])
    #expect([ColumnRequest.automatic("a"), .number("a")].merged == [.automatic("a")])
    #expect([ColumnRequest.native("a"), .number("a")].merged == [.number("a")])
    #expect([ColumnRequest.native("a"), .native("a")].merged == [.native("a")])
    #expect([ColumnRequest]().merged.isEmpty)
  }

  @Test func automaticRequestsFollowTheType() throws {
    let table = Table([
      ("number", Column([1])), ("text", Column(["x"])), ("flag", Column(.bool(Bitmap(count: 1) { _ in true }))),
      ("category", Column(.category(Buffer([0]), Levels(["1"])))),
    ])
    let requests = try table.resolve(["number", "text", "flag", "category"].map(ColumnRequest.automatic))
    #expect(requests == [.number("number"), .category("text"), .number("flag"), .category("category")])
    #expect(try table.resolve([.native("text")]) == [.native("text")])
    let error = #expect(throws: ImmerseError.self) { _ = try table.resolve([.number("nmber")]) }
    #expect(error?.variable == "nmber")
    #expect(error?.remedy == "did you mean \"number\"?")
  }
}

@Suite struct TableTests {
  @Test func chunksCoverTheRowsInOrder() throws {
    let count = 2 * chunkRows + 5
    let table = Table([("x", Column((0..<count).map { Double($0) }))])
    #expect(table.chunkCount == 3)
    let batches = try (0..<3).map { try table.chunk($0, [.number("x")]) }
    #expect(batches.map(\.rowCount) == [chunkRows, chunkRows, 5])
    #expect(batches.map(\.firstRow) == [0, chunkRows, 2 * chunkRows])
    #expect(try batches[2].numbers("x").array == (2 * chunkRows..<count).map { Double($0) })
  }

  @Test func cellsAreDeliveredAsAsked() throws {
    let table = Table([
      ("code", Column(.category(Buffer([1, 0, -1]), Levels(["02", "1"])))), ("name", Column(["x"] + [nil, "1"])),
    ])
    let numbers = try table.chunk(0, [.number("code")])
    #expect(numbers["code"]?.type == .float64)
    #expect(try numbers.numbers("code").array.map { $0.isNaN ? -1 : $0 } == [1, 2, -1])
    #expect(try table.chunk(0, [.native("name")])["name"]?.type == .text)
    #expect(try table.chunk(0, [.category("name")])["name"]?.type == .category)
    let error = #expect(throws: ImmerseError.self) { _ = try table.chunk(0, [.number("name")]) }
    #expect(error?.variable == "name")
  }
}

@Suite struct DatasetTests {
  /// Two columns share one list of levels, of which neither has all; the list's order is declared.
  private func answers(isDeclared: Bool) -> Table {
    let levels = Levels(["never", "sometimes", "always"], isDeclared: isDeclared)
    return Table([
      ("q1", Column(.category(Buffer([2, 0, -1, 2]), levels))),
      ("q2", Column(.category(Buffer([1, 1, 0, 0]), levels))),
    ])
  }

  @Test(arguments: [0, 1 << 30]) func levelsThatOccurAreFrozen(memoryLimit: Int) throws {
    let engine = Engine(threads: 2, memoryLimit: memoryLimit)
    for (isDeclared, q1, q2) in [
      (true, ["never", "always"], ["never", "sometimes"]), (false, ["always", "never"], ["never", "sometimes"]),
    ] {
      let dataset = try Dataset(
        answers(isDeclared: isDeclared), columns: [.category("q1"), .category("q2")], engine: engine)
      #expect(dataset.profile.levels["q1"]?.names == q1)
      #expect(dataset.profile.levels["q2"]?.names == q2)
      #expect(dataset.profile.levels["q1"]?.isDeclared == isDeclared)
      let batch = try dataset.chunk(0, [.category("q1"), .category("q2")])
      let first = try batch.categories("q1")
      #expect(first.codes.array.map { $0 < 0 ? "" : q1[Int($0)] } == ["always", "never", "", "always"])
      #expect(first.levels === dataset.profile.levels["q1"])
      #expect(
        try batch.categories("q2").codes.array.map { q2[Int($0)] } == ["sometimes", "sometimes", "never", "never"])
    }
  }

  @Test func declaredListsThatDifferAreJoinedInOrder() throws {
    let (a, b) = (Levels(["low", "mid"], isDeclared: true), Levels(["mid", "high", "top"], isDeclared: true))
    let chunks = Chunks(columns: [Column(.category(Buffer([1, 0]), a)), Column(.category(Buffer([1, 0]), b))])
    let dataset = try Dataset(chunks, columns: [.category("x")], engine: Engine(threads: 2))
    #expect(dataset.profile.levels["x"]?.names == ["low", "mid", "high"])
    let mixed = Chunks(columns: [Column(.category(Buffer([1, 0]), a)), Column(["high", "aux"])])
    let sorted = try Dataset(mixed, columns: [.category("x")], engine: Engine(threads: 2))
    #expect(sorted.profile.levels["x"]?.names == ["aux", "high", "low", "mid"])
    #expect(try sorted.chunk(1, [.category("x")]).categories("x").codes.array.prefix(3) == [1, 0, -1])
  }

  @Test(arguments: [1, 2, 5]) func profilesAreTheSameResidentOrReadAgain(threads: Int) throws {
    let count = 4 * chunkRows + 3
    let values = (0..<count).map { $0 % 10 == 0 ? Double.nan : 1e6 + Double($0 % 1001) }
    let table = Table([("x", Column(values)), ("g", Column((0..<count).map { "\($0 / chunkRows)" }))])
    let requests: [ColumnRequest] = [.automatic("x"), .category("g")]
    let resident = try Dataset(table, columns: requests, engine: Engine(threads: threads))
    let again = try Dataset(table, columns: requests, engine: Engine(threads: threads, memoryLimit: 0))
    let (a, b) = (try #require(resident.profile.numbers["x"]), try #require(again.profile.numbers["x"]))
    #expect(
      [a.mean, a.standardDeviation, a.minimum, a.maximum] == [b.mean, b.standardDeviation, b.minimum, b.maximum])
    let missing = (count + 9) / 10
    #expect(a.count == b.count && a.count == count - missing)
    #expect(resident.profile.missing == ["x": missing, "g": 0] && again.profile.missing == resident.profile.missing)
    #expect(resident.profile.levels == again.profile.levels)
    #expect(resident.profile.levels["g"]?.names == (0..<5).map { "\($0)" })
    for chunk in 0..<5 {
      let (first, second) = (try resident.chunk(chunk, requests), try again.chunk(chunk, requests))
      let sameNumbers = try first.numbers("x").array.map(\.bitPattern) == second.numbers("x").array.map(\.bitPattern)
      let sameCodes = try first.categories("g").codes.array == second.categories("g").codes.array
      #expect(sameNumbers && sameCodes)
    }
  }

  /// A column called `x` whose chunks are given one by one, padded with missing values.
  private struct Chunks: Source {
    let columns: [Column]
    var name: String { "chunks" }
    var columnNames: [String] { ["x"] }
    var rowCount: Int { columns.count * chunkRows }

    func types(of columns: [String]) throws(ImmerseError) -> [String: DataType] { ["x": .category] }

    func chunk(_ index: Int, _ requests: [ColumnRequest]) throws(ImmerseError) -> Batch {
      let column = columns[index]
      let padding = Buffer((0..<chunkRows).map { Int32($0 < column.count ? $0 : -1) })
      let whole = try column.gathering(padding).delivered(as: .category("x"))
      return Batch([("x", whole)], rowCount: chunkRows, firstRow: index * chunkRows)
    }
  }
}

@Suite struct TransformTests {
  private struct Doubling: Transform {
    let inputs: [ColumnRequest] = [.automatic("x")]
    let outputs = [Field("twice", .float64)]

    func apply(to batch: Batch) throws(ImmerseError) -> Batch {
      var extended = batch
      let twice = try batch.numbers("x").array.map { $0 * 2 }
      extended.set("twice", Column(twice))
      return extended
    }
  }

  private let table = Table([("x", Column([1, 2])), ("y", Column(["a", "b"]))])

  @Test func addedColumnsAreComputedOnlyWhereWanted() throws {
    let source = try table.applying(Doubling())
    #expect(source.columnNames == ["x", "y", "twice"])
    let types = try source.types(of: ["twice", "y"])
    #expect(types["twice"] == .float64 && types["y"] == .text)
    let batch = try source.chunk(0, [.number("twice"), .category("y")])
    #expect(batch.names == ["twice", "y"])
    #expect(try batch.numbers("twice").array == [2, 4])
    #expect(try source.chunk(0, [.category("twice")]).categories("twice").levels.names == ["2", "4"])
    // Text in place of numbers would make the rule fail, were it applied.
    let text = try Table([("x", Column(["a"])), ("y", Column(["b"]))]).applying(Doubling())
    #expect(try text.chunk(0, [.category("y")]).rowCount == 1)
    _ = #expect(throws: ImmerseError.self) { _ = try text.chunk(0, [.number("twice")]) }
  }

  @Test(arguments: [0, 1 << 30]) func aDatasetTakesTheColumnsOfAModel(memoryLimit: Int) throws {
    let engine = Engine(threads: 2, memoryLimit: memoryLimit)
    let dataset = try Dataset(table, columns: [.number("x"), .category("y")], engine: engine)
    let extended = try dataset.adding(Doubling(), with: engine)
    let batch = try extended.chunk(0, [.number("twice"), .category("y")])
    #expect(try batch.numbers("twice").array == [2, 4])
    #expect(try batch.categories("y").levels === dataset.profile.levels["y"])
  }

  @Test func inputsMustExist() {
    let error = #expect(throws: ImmerseError.self) { _ = try Table([("y", Column([1]))]).applying(Doubling()) }
    #expect(error?.variable == "x")
    let absent = #expect(throws: ImmerseError.self) {
      _ = try table.applying(Doubling()).resolve([.number("thrice")])
    }
    #expect(absent?.variable == "thrice")
  }
}
