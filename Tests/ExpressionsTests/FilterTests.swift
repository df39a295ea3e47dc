import Columnar
import Expressions
import Streaming
import TestSupport
import Testing

@Suite struct FilterTests {
  /// More than two chunks, with a category whose levels differ from chunk to chunk.
  private static let rowCount = 2 * chunkRows + 1000
  private static let source = Table([
    ("id", Column((0..<rowCount).map { Double($0) })),
    ("country", Column((0..<rowCount).map { $0 % 5 == 0 ? nil : ["BE", "DE", "IT"][($0 / chunkRows + $0) % 3] })),
  ])

  @Test func onlyTrueRowsStayAndTheOthersAreCounted() throws {
    let condition = try Expression(parsing: "country == 'BE' and id >= 10")
    let filtered = try FilterTests.source.applying(try FilterTransform(condition))
    #expect(filtered.columnNames == ["id", "country"])
    for memoryLimit in [0, 1 << 30] {
      let engine = Engine(threads: 2, memoryLimit: memoryLimit)
      let dataset = try Dataset(filtered, columns: [.number("id"), .category("country")], engine: engine)
      let kept = (10..<FilterTests.rowCount).filter { $0 % 5 != 0 && ($0 / chunkRows + $0) % 3 == 0 }
      #expect(dataset.profile.rowCount == kept.count)
      #expect(dataset.profile.droppedRowCount == FilterTests.rowCount - kept.count)
      // Levels that no remaining row has are gone.
      #expect(dataset.profile.levels["country"]?.names == ["BE"])
      let ids = try (0..<dataset.chunkCount).flatMap { try dataset.chunk($0, [.number("id")]).numbers("id").array }
      #expect(ids == kept.map { Double($0) })
    }
  }

  @Test func aConditionOnUnrequestedColumnsFilters() throws {
    let filtered = try FilterTests.source.applying(try FilterTransform(try Expression(parsing: "country is missing")))
    let batch = try filtered.chunk(0, [.native("id")])
    #expect(batch.names == ["id"])
    #expect(batch.rowCount == (chunkRows + 4) / 5)
  }

  @Test func noRowStaysWhereNoneIsTrue() throws {
    let filtered = try FilterTests.source.applying(try FilterTransform(try Expression(parsing: "id < 0")))
    let dataset = try Dataset(filtered, columns: [.number("id"), .category("country")], engine: Engine(threads: 2))
    #expect(dataset.profile.rowCount == 0)
    #expect(dataset.profile.levels["country"]?.count == 0)
  }

  @Test func aColumnThatIsNotThereIsNamed() throws {
    let filter = try FilterTransform(try Expression(parsing: "contry == 'BE'"))
    let error = #expect(throws: ImmerseError.self) { _ = try FilterTests.source.applying(filter) }
    #expect(error?.variable == "contry")
    #expect(error?.remedy == "did you mean \"country\"?")
  }
}
