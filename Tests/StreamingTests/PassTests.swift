import Columnar
import Streaming
import TestSupport
import Testing

@Suite struct PassTests {
  private static let rowCount = 20 * chunkRows + 123
  /// Numbers of very different sizes, so that every order of addition rounds differently.
  private static let table = Table([
    ("x", Column((0..<rowCount).map { $0 % 97 == 5 ? .nan : pow10($0 % 23 - 11) * Double($0 % 1013) })),
    ("zero", Column((0..<rowCount).map { _ in 0 })),
    (
      "group",
      Column(
        .category(Buffer((0..<rowCount).map { Int32(($0 / chunkRows + $0 % 2) % 4) }), Levels(["b", "a", "d", "c"])),
        validity: Bitmap(count: rowCount) { $0 % 50 != 3 })
    ),
  ])

  private static func pow10(_ exponent: Int) -> Double {
    (0..<abs(exponent)).reduce(1.0) { power, _ in exponent < 0 ? power / 10 : power * 10 }
  }

  private func dataset(_ engine: Engine) throws -> Dataset {
    try Dataset(PassTests.table, columns: [.number("x"), .category("group"), .number("zero")], engine: engine)
  }

  @Test func threadsAndMemoryDoNotChangeAByte() throws {
    var models: [Sum.Model] = []
    for (threads, memoryLimit) in [(1, 0), (1, 1 << 30), (2, 0), (2, 1 << 30), (5, 1 << 30)] {
      let engine = Engine(threads: threads, memoryLimit: memoryLimit)
      let dataset = try dataset(engine)
      let levels = try #require(dataset.profile.levels["group"])
      #expect(levels.names == ["a", "b", "c", "d"])
      models.append(try dataset.fit(Sum("x", by: "group", levels: levels), with: engine))
    }
    #expect(models.allSatisfy { $0 == models[0] })
    var rows = [0, 0, 0, 0]
    for row in 0..<PassTests.rowCount where row % 50 != 3 {
      rows[[1, 0, 3, 2][(row / chunkRows + row % 2) % 4]] += 1
    }
    #expect(models[0].rows == rows)
  }

  @Test func fitsShareAPassAndFailAlone() throws {
    let engine = Engine(threads: 2)
    let dataset = try dataset(engine)
    var pass = Pass()
    let sum = pass.add(Sum("x"))
    let impossible = pass.add(Sum("zero"))
    let groups = pass.add(Sum("x", by: "group", levels: try #require(dataset.profile.levels["group"])))
    #expect(pass.columns == [.number("x"), .number("zero"), .category("group")])
    let models = try pass.run(over: dataset, with: engine)
    #expect(try models[sum].sum == models[groups].sum)
    let error = #expect(throws: ImmerseError.self) { _ = try models[impossible] }
    #expect(error?.variable == "zero")
  }

  @Test(arguments: [1, 2, 5]) func theEarliestRowThatIsRefusedIsReported(threads: Int) throws {
    let bad: Set = [3 * chunkRows + 9, 3 * chunkRows + 10, 7 * chunkRows, 15 * chunkRows + 1]
    let table = Table([("x", Column((0..<PassTests.rowCount).map { bad.contains($0) ? -1 : 1 }))])
    let engine = Engine(threads: threads, memoryLimit: 0)
    let dataset = try Dataset(table, columns: [.number("x")], engine: engine)
    let error = #expect(throws: ImmerseError.self) { _ = try dataset.fit(Sum("x"), with: engine) }
    #expect(error?.problem == "row \(3 * chunkRows + 10) is negative")
  }

  @Test func aTableWithoutRows() throws {
    let table = Table([("x", Column([Double]())), ("g", Column([String?]()))])
    let engine = Engine(threads: 2)
    let dataset = try Dataset(table, columns: [.number("x"), .category("g")], engine: engine)
    #expect(dataset.chunkCount == 0)
    #expect(dataset.profile.rowCount == 0)
    #expect(dataset.profile.levels["g"]?.count == 0)
    #expect(dataset.profile.numbers["x"]?.count == 0)
    let error = #expect(throws: ImmerseError.self) { _ = try dataset.fit(Sum("x"), with: engine) }
    #expect(error?.kind == .failure)
  }
}
