import Columnar
import Streaming
import TestSupport
import Testing

@testable import DataFormats
@testable import DataShaping

/// Wide tables read as long ones.
@Suite("Wide to long")
struct ReshapeTests {
  private let panel = """
    child,school,math1,math2,math3,read1,read3,mood_pre,mood_post
    7,a,10,11,12,5,6,low,high
    8,b,20,,22,7,,low,
    9,a,,,,,,mid,mid

    """

  private func source(_ text: String) throws -> CSVSource {
    try CSVSource(FileBytes(Array(text.utf8)), name: "t", dialect: CSVDialect(), threads: 1)
  }

  private func reshape(_ variables: [String], id: [String] = [], drops: Bool = false) throws -> Reshape {
    Reshape(try variables.map { try Reshape.Variable(parsing: $0) }, id: id, dropsMissing: drops)
  }

  private func long(_ variables: [String], id: [String] = [], drops: Bool = false) throws -> LongSource {
    try LongSource(source(panel), try reshape(variables, id: id, drops: drops), engine: Engine(threads: 2))
  }

  /// The text of every row of some columns.
  private func cells(_ source: any Source, _ columns: [String]) throws -> [[String?]] {
    let batch = try source.chunk(0, columns.map { .native($0) })
    return (0..<batch.rowCount).map { row in columns.map { batch[$0]?.text(at: row) } }
  }

  @Test("a row for each wave, next to each other")
  func waves() throws {
    let source = try long(["math", "read"], id: ["child"])
    #expect(source.columnNames == ["child", "school", "mood_pre", "mood_post", "wave", "math", "read"])
    #expect(source.rowCount == 9)
    #expect(try source.types(of: ["wave", "math", "school"]) == ["wave": .int64, "math": .int64, "school": .text])
    let rows = try cells(source, ["child", "wave", "math", "read"])
    #expect(
      rows == [
        ["7", "1", "10", "5"], ["7", "2", "11", nil], ["7", "3", "12", "6"],
        ["8", "1", "20", "7"], ["8", "2", nil, nil], ["8", "3", "22", nil],
        ["9", "1", nil, nil], ["9", "2", nil, nil], ["9", "3", nil, nil],
      ])
  }

  @Test("rows in which every variable is missing are left out, and counted")
  func dropped() throws {
    let source = try long(["math=math1-math3", "read=read1,read3"], drops: true)
    let rows = try cells(source, ["wave", "math"])
    #expect(rows == [["1", "10"], ["2", "11"], ["3", "12"], ["1", "20"], ["3", "22"]])
    #expect(source.dropped.total == 4)
    // Also where neither variable is asked for.
    #expect(try cells(source, ["child"]).map { $0[0] } == ["7", "7", "7", "8", "8"])
    let dataset = try Dataset(source, columns: [.number("math")], engine: Engine(threads: 2))
    #expect(dataset.profile.droppedRowCount == 4)
  }

  @Test("waves called by words are a category in the order of the columns")
  func words() throws {
    let source = try long(["mood=mood_post,mood_pre"])
    #expect(try source.types(of: ["wave"]) == ["wave": .category])
    let batch = try source.chunk(0, [.category("wave"), .category("mood")])
    let waves = try batch.categories("wave")
    #expect(waves.levels.names == ["post", "pre"] && waves.levels.isDeclared)
    #expect(try cells(source, ["mood"]).map { $0[0] } == ["high", "low", nil, "low", "mid", "mid"])
  }

  @Test(
    "what tells columns apart",
    arguments: [
      ("x=t01_score,t02_score,t10_score", ["1", "2", "10"]), ("x=pre_x,post_x", ["pre", "post"]),
      ("x=mathPre,mathPost", ["mathPre", "mathPost"]), ("x=x1,x12", ["1", "12"]), ("x=w1a,w1b", ["1a", "1b"]),
      ("x=y21", ["21"]), ("x", ["1", "12"]),
    ])
  func indices(text: String, expected: [String]) throws {
    let names = [
      "t01_score", "t02_score", "t10_score", "pre_x", "post_x", "mathPre", "mathPost", "x1", "x12", "w1a",
      "w1b", "y21",
    ]
    let table = Table(names.map { ($0, Column([1.0])) })
    let plan = try ReshapePlan(try reshape([text]), of: table)
    #expect(plan.indices == expected)
  }

  /// Against a loop over the rows, where chunks of long rows cut wide ones.
  @Test("chunk by chunk, whatever is asked for")
  func chunks() throws {
    let rows = chunkRows + 500
    let waves: [[Double]] = (0..<3).map { wave in
      (0..<rows).map { row in (row + wave).isMultiple(of: 7) ? .nan : Double(row * 10 + wave) }
    }
    let columns = waves.enumerated().map { ("x\($0 + 1)", Column($1)) }
    let wide = Table([("id", Column((0..<rows).map { Double($0) }))] + columns)
    let source = try LongSource(wide, try reshape(["x"], id: ["id"]), engine: Engine(threads: 2, memoryLimit: 0))
    #expect(source.chunkCount == 4)
    var row = 0
    var isRight = true
    for chunk in 0..<source.chunkCount {
      let batch = try source.chunk(chunk, [.number("x"), .number("id"), .number("wave")])
      let (x, id, wave) = (try batch.numbers("x"), try batch.numbers("id"), try batch.numbers("wave"))
      #expect(batch.firstRow == row)
      for place in 0..<batch.rowCount {
        let expected = waves[row % 3][row / 3]
        isRight = isRight && id[place] == Double(row / 3) && wave[place] == Double(row % 3 + 1)
        isRight = isRight && (x[place] == expected || x[place].isNaN && expected.isNaN)
        row += 1
      }
    }
    #expect(isRight)
    #expect(row == 3 * rows)
  }

  @Test("labels, missing codes and reasons come along")
  func labels() throws {
    func described(_ label: String) -> VariableMetadata {
      VariableMetadata(
        label: label, valueLabels: [.init(.number(1), "yes"), .init(.number(9), "refused")],
        missing: [.code(.number(9))])
    }
    let wide = try DescribedSource(
      try source("id,a1,a2\n1,1,9\n2,9,1\n"),
      metadata: [
        "a1": described("Likes school, wave 1"),
        "a2": described("Likes school, wave 2"),
      ], labels: false)
    let source = try LongSource(wide, try reshape(["a"]), engine: Engine(threads: 1))
    let metadata = try #require(source.metadata(of: "a"))
    #expect(metadata.label == "Likes school, wave")
    #expect(metadata.label(of: .number(1)) == "yes" && metadata.missing == [.code(.number(9))])
    #expect(source.hiddenColumnNames == ["a.na"])
    #expect(try cells(source, ["a"]).map { $0[0] } == ["1", nil, nil, "1"])
    let reasons = try source.chunk(0, [.category("a.na")]).categories("a.na")
    #expect((0..<4).map { reasons[$0] } == [nil, "9", "9", nil])
    #expect(source.contradictions.isEmpty)
  }

  @Test("columns of several types")
  func types() throws {
    let mixed = try source("x1,x2,x3\n1,1.5,a\n")
    let numbers = try LongSource(mixed, try reshape(["x=x1-x2"]), engine: Engine(threads: 1))
    #expect(try numbers.types(of: ["x"]) == ["x": .float64])
    let text = try LongSource(mixed, try reshape(["x"]), engine: Engine(threads: 1))
    #expect(try text.types(of: ["x"]) == ["x": .text])
    #expect(try cells(text, ["x"]).map { $0[0] } == ["1", "1.5", "a"])
    let error = #expect(throws: ImmerseError.self) { _ = try text.chunk(0, [.number("x")]) }
    #expect(error?.kind == .badData)
  }

  @Test("ids that do not name rows are refused")
  func ids() throws {
    let twice = #expect(throws: ImmerseError.self) { _ = try long(["math"], id: ["school"]) }
    #expect(twice?.kind == .badData && twice?.problem == "rows 1 and 3 have the same id" && twice?.place?.line == 4)
    _ = try long(["math"], id: ["school", "child"])
    let text = "a,b,x1,x2\n1,u,1,2\n1,v,1,2\n2,u,1,2\n1,v,3,4\n"
    let pair = #expect(throws: ImmerseError.self) {
      _ = try LongSource(try source(text), try reshape(["x"], id: ["a", "b"]), engine: Engine(threads: 1))
    }
    #expect(pair?.problem == "rows 2 and 4 have the same id")
    let none = #expect(throws: ImmerseError.self) {
      _ = try LongSource(
        try source("a,x1\n1,1\n,2\n"), try reshape(["x"], id: ["a"]), engine: Engine(threads: 1))
    }
    #expect(none?.problem == "has no value, but names the rows" && none?.place?.line == 3)
    // The two rows lie in different lanes.
    let ids = (0..<3 * chunkRows).map { $0 == 3 * chunkRows - 1 ? 5 : Double($0) }
    let far = Table([("id", Column(ids)), ("x1", Column(ids))])
    let error = #expect(throws: ImmerseError.self) {
      _ = try LongSource(far, try reshape(["x"], id: ["id"]), engine: Engine(threads: 2))
    }
    #expect(error?.problem == "rows 6 and \(3 * chunkRows) have the same id")
  }

  @Test(
    "what cannot be reshaped",
    arguments: [
      (["math", "x=math1"], "belongs to both math and x"), (["x=math1,math1"], "is named twice in math1,math1"),
      (["school=math1-math3"], "the long table would have two columns of this name"),
      (["grade"], "no column is called by this name and a number"), (["x=math1-math9"], "there is no such column"),
      (["wave=math1-math3"], "the long table would have two columns of this name"),
    ])
  func refused(variables: [String], problem: String) throws {
    let error = #expect(throws: ImmerseError.self) { _ = try long(variables) }
    #expect(error?.problem == problem)
  }

  @Test("the form of the option", arguments: ["=a", "x=", "x=,"])
  func form(text: String) {
    #expect(#expect(throws: ImmerseError.self) { _ = try Reshape.Variable(parsing: text) }?.kind == .usage)
  }
}
