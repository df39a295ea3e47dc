import Columnar
import Expressions
import Foundation
import Streaming
import TestSupport
import Testing

@Suite struct DerivationTests {
  private static let table = Table([
    ("gender", Column([1, 2, 9, .nan, 1])),
    ("answer", Column(["yes", "no", "99", nil, "1.0"])),
    ("q1", Column([1, 2, 3, .nan, 5])),
    ("q2", Column([2, .nan, 3, .nan, 5])),
    ("q3", Column([5, 4, .nan, .nan, 1])),
    ("age", Column([6, 11, 12, 18, .nan])),
  ])

  private func derived(_ rules: Derivation..., from table: Table = DerivationTests.table) throws -> any Source {
    try table.deriving(rules)
  }

  private func numbers(_ rule: Derivation.Rule) throws -> [Double] {
    try derived(Derivation("new", rule)).chunk(0, [.number("new")]).numbers("new").array
  }

  private func texts(_ rule: Derivation.Rule) throws -> [String?] {
    let categories = try derived(Derivation("new", rule)).chunk(0, [.category("new")]).categories("new")
    return categories.codes.array.map { $0 < 0 ? nil : categories.levels[Int($0)] }
  }

  private func expectSame(_ actual: [Double], _ expected: [Double]) {
    #expect(actual.map(\.bitPattern) == expected.map(\.bitPattern), "\(actual), expected \(expected)")
  }

  @Test func recodeOfNumbers() throws {
    expectSame(try numbers(.recode(Recode("gender", ["9": .missing]))), [1, 2, .nan, .nan, 1])
    expectSame(try numbers(.recode(Recode("gender", ["1": "2", "2": "1"]))), [2, 1, 9, .nan, 2])
    expectSame(
      try numbers(.recode(Recode("gender", ["1": "0", "2.0": "1"], otherwise: .missing))), [0, 1, .nan, .nan, 0])
    let type = try derived(Derivation("new", .recode(Recode("gender", ["9": .missing])))).types(of: ["new"])
    #expect(type == ["new": .float64])
  }

  @Test func recodeOfText() throws {
    #expect(
      try texts(.recode(Recode("gender", ["1": "boy", "2": "girl", "9": .missing]))) == [
        "boy", "girl", nil, nil, "boy",
      ])
    #expect(try texts(.recode(Recode("gender", ["1": "boy"]))) == ["boy", "2", "9", nil, "boy"])
    #expect(try texts(.recode(Recode("answer", ["99": .missing]))) == ["yes", "no", nil, nil, "1.0"])
    // A numeric key matches the number however it is written.
    #expect(try texts(.recode(Recode("answer", ["1": "yes"]))) == ["yes", "no", "99", nil, "yes"])
  }

  @Test func recodeOfTextIntoNumbersIsNumeric() throws {
    let rule = Derivation("new", .recode(Recode("answer", ["yes": "1", "no": "0"], otherwise: .missing)))
    let source = try derived(rule)
    #expect(try source.types(of: ["new"]) == ["new": .float64])
    let batch = try source.chunk(0, try source.resolve([.automatic("new")]))
    expectSame(try batch.numbers("new").array, [1, 0, .nan, .nan, .nan])
    #expect(try source.chunk(0, [.native("new")])["new"]?.type == .float64)
  }

  @Test func cutKeepsTheOrderOfItsLabels() throws {
    let rule = Cut("age", breaks: [6, 11, 14, 18], labels: ["primary", "lower", "upper"], closed: .right)
    #expect(try texts(.cut(rule)) == [nil, "primary", "lower", "upper", nil])
    let source = try derived(Derivation("stage", .cut(rule)))
    let dataset = try Dataset(source, columns: [.category("stage")], engine: Engine(threads: 1))
    #expect(dataset.profile.levels["stage"]?.names == ["primary", "lower", "upper"])
    let open = Cut("age", breaks: [-.infinity, 12, .infinity], closed: .left)
    #expect(try texts(.cut(open)) == ["[-inf,12)", "[-inf,12)", "[12,inf)", "[12,inf)", nil])
  }

  @Test func itemRules() throws {
    expectSame(try numbers(.reverse(Reverse("q1", min: 1, max: 5))), [5, 4, 3, .nan, 1])
    expectSame(try numbers(.rowMean(RowMean(["q1", "q2", "q3"]))), [8.0 / 3, .nan, .nan, .nan, 11.0 / 3])
    let belonging = RowMean(["q1", "q2", "q3"], reversed: ["q3"], min: 1, max: 5, minCount: 2)
    expectSame(try numbers(.rowMean(belonging)), [4.0 / 3, 2, 3, .nan, 5])
    expectSame(try numbers(.atLeast(AtLeast("age", cutOff: 12))), [0, 0, 1, 1, .nan])
    expectSame(try numbers(.compute("age - q1 * 2")), [4, 7, 6, .nan, .nan])
    expectSame(try numbers(.compute("age > 11")), [0, 0, 1, 1, .nan])
    #expect(try texts(.compute("if(age > 11, 'old', 'young')")) == ["young", "young", "old", "old", nil])
  }

  @Test func rulesReadEarlierRulesAndMayReplace() throws {
    let source = try derived(
      Derivation("q1", .recode(Recode("q1", ["5": "4"]))), Derivation("q1", .reverse(Reverse("q1", min: 1, max: 4))),
      Derivation("twice", .compute("q1 * 2")), Derivation("sum", .compute("twice + age")))
    #expect(source.columnNames == DerivationTests.table.columnNames + ["twice", "sum"])
    let batch = try source.chunk(0, [.number("sum"), .number("q1"), .native("gender")])
    #expect(batch.names == ["sum", "q1", "gender"])
    expectSame(try batch.numbers("q1").array, [4, 3, 2, .nan, 1])
    expectSame(try batch.numbers("sum").array, [14, 17, 16, .nan, .nan])
  }

  struct Mistake: CustomTestStringConvertible {
    let rule: Derivation.Rule
    let kind: ImmerseError.Kind
    let says: String
    var testDescription: String { says }
  }

  @Test(arguments: [
    Mistake(rule: .compute("age >"), kind: .usage, says: "character 6"),
    Mistake(rule: .compute("agee + 1"), kind: .badData, says: "did you mean \"age\"?"),
    Mistake(rule: .recode(Recode("gendre", ["1": "2"])), kind: .badData, says: "did you mean \"gender\"?"),
    Mistake(rule: .recode(Recode("gender", [:])), kind: .usage, says: "lists no values"),
    Mistake(rule: .recode(Recode("gender", ["boy": "1"])), kind: .usage, says: "the column holds numbers"),
    Mistake(rule: .cut(Cut("age", breaks: [1], closed: .left)), kind: .usage, says: "at least two breaks"),
    Mistake(rule: .cut(Cut("age", breaks: [1, 3, 2], closed: .left)), kind: .usage, says: "ascending"),
    Mistake(rule: .cut(Cut("age", breaks: [1, .nan], closed: .left)), kind: .usage, says: "ascending"),
    Mistake(
      rule: .cut(Cut("age", breaks: [1, 2, 3], labels: ["a"], closed: .left)), kind: .usage,
      says: "need 2 different labels"),
    Mistake(
      rule: .cut(Cut("age", breaks: [1, 2, 3], labels: ["a", "a"], closed: .left)), kind: .usage,
      says: "need 2 different labels"),
    Mistake(rule: .reverse(Reverse("q1", min: 5, max: 1)), kind: .usage, says: "min is not below max"),
    Mistake(rule: .rowMean(RowMean([])), kind: .usage, says: "names no columns"),
    Mistake(rule: .rowMean(RowMean(["q1", "q1"])), kind: .usage, says: "names it twice"),
    Mistake(rule: .rowMean(RowMean(["q1", "q2"], reversed: ["q3"])), kind: .usage, says: "reverses a column"),
    Mistake(rule: .rowMean(RowMean(["q1", "q2"], reversed: ["q2"])), kind: .usage, says: "without knowing its scale"),
    Mistake(rule: .rowMean(RowMean(["q1", "q2"], minCount: 3)), kind: .usage, says: "between 1 and the 2 columns"),
    Mistake(rule: .rowMean(RowMean(["q1", "q2"], minCount: 0)), kind: .usage, says: "between 1 and the 2 columns"),
  ])
  func contradictionsAreRefused(_ mistake: Mistake) {
    let error = #expect(throws: ImmerseError.self) { _ = try derived(Derivation("new", mistake.rule)) }
    #expect(error?.kind == mistake.kind)
    let message = "\(error?.description ?? "")"
    let says = message.contains(mistake.says)
    #expect(says, "\(message)")
  }

  @Test func aMistakeNamesTheDerivedColumn() {
    let error = #expect(throws: ImmerseError.self) { _ = try derived(Derivation("stage", .compute("1 +"))) }
    let names = error?.problem.hasPrefix("derived column \"stage\": expression \"1 +\", character 4") == true
    #expect(names)
  }

  // MARK: Study files

  private let studies = """
    [{"name": "a", "compute": "age > 3"},
     {"name": "b", "recode": {"column": "g", "values": {"1": "boy", "2": 7, "9": null, "8": "missing"}, "else": "missing"}},
     {"name": "c", "cut": {"column": "age", "breaks": ["-inf", 11, "14.5", "inf"], "labels": ["x", "y", "z"],
       "closed": "right", "include_lowest": true}},
     {"name": "d", "reverse": {"column": "q", "min": 1, "max": 5}},
     {"name": "e", "row_mean": {"columns": ["q", "r"], "reversed": ["r"], "min": 1, "max": 5, "min_count": 1}},
     {"name": "f", "at_least": {"column": "score", "cut_off": 420}},
     {"name": "g", "cut": {"column": "age", "breaks": [1, 2], "closed": "left"}},
     {"name": "h", "row_mean": {"columns": ["q"]}}]
    """

  @Test func rulesAreReadFromStudyFilesAndWrittenBack() throws {
    let rules = try JSONDecoder().decode([Derivation].self, from: Data(studies.utf8))
    let expected = [
      Derivation("a", .compute("age > 3")),
      Derivation(
        "b", .recode(Recode("g", ["1": "boy", "2": "7", "9": .missing, "8": .missing], otherwise: .missing))),
      Derivation(
        "c",
        .cut(
          Cut(
            "age", breaks: [-.infinity, 11, 14.5, .infinity], labels: ["x", "y", "z"], closed: .right,
            includesLowest: true))),
      Derivation("d", .reverse(Reverse("q", min: 1, max: 5))),
      Derivation("e", .rowMean(RowMean(["q", "r"], reversed: ["r"], min: 1, max: 5, minCount: 1))),
      Derivation("f", .atLeast(AtLeast("score", cutOff: 420))),
      Derivation("g", .cut(Cut("age", breaks: [1, 2], closed: .left))),
      Derivation("h", .rowMean(RowMean(["q"]))),
    ]
    #expect(rules == expected)
    let again = try JSONDecoder().decode([Derivation].self, from: try JSONEncoder().encode(rules))
    #expect(again == rules)
  }

  @Test(arguments: [
    (#"{"name": "a"}"#, "needs one rule of compute, recode"),
    (#"{"name": "a", "compute": "1", "reverse": {"column": "q", "min": 1, "max": 5}}"#, "needs one rule"),
  ])
  func aColumnHasExactlyOneRule(_ text: String, _ says: String) {
    let error = #expect(throws: DecodingError.self) {
      _ = try JSONDecoder().decode(Derivation.self, from: Data(text.utf8))
    }
    let message = "\(error.map { "\($0)" } ?? "")".replacing("\\\"", with: "\"")
    let contains = message.contains(says)
    #expect(contains, "\(message)")
  }
}
