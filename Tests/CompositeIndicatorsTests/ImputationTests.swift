import Columnar
import CompositeIndicators
import TestSupport
import Testing

/// COINr 1.1.14 on R 4.2.2: `Impute` with `i_mean`, `i_median`, `i_mean_grp`, `i_median_grp`.
@Suite struct ImputationTests {
  static let x: [Double?] = [1, nil, 3, 10, nil, 20, nil]
  static let groups: [String?] = ["a", "a", "a", "b", "b", "b", "c"]

  @Test(arguments: [
    (Imputation(.mean), [1, 8.5, 3, 10, 8.5, 20, 8.5]),
    (Imputation(.median), [1, 6.5, 3, 10, 6.5, 20, 6.5]),
    (Imputation(.mean, group: "g"), [1, 2, 3, 10, 15, 20, .nan]),
    (Imputation(.median, group: "g"), [1, 2, 3, 10, 15, 20, .nan]),
    (Imputation(.none), [1, .nan, 3, 10, .nan, 20, .nan]),
  ])
  func fillsFromTheOtherUnits(imputation: Imputation, expected: [Double]) throws {
    let matrix = units([("x", Self.x)], group: Self.groups)
    var notes: [Note] = []
    let frozen = try roundTrip(imputation.fit(matrix))
    let result = values(try frozen.apply(to: matrix, notes: &notes)["x"])
    #expect(sameBits(result, expected))
    if imputation.group != nil { #expect(notes.map(\.code) == ["not_imputed", "imputed"]) }
  }

  @Test func frozenValuesFillOtherUnits() throws {
    let frozen = try Imputation(.mean, group: "g").fit(units([("x", Self.x)], group: Self.groups))
    var notes: [Note] = []
    let others = units([("x", [nil, nil, 7, nil])], group: ["b", "new", "a", nil])
    let result = try frozen.apply(to: others, notes: &notes)
    #expect(sameBits(values(result["x"]), [15, .nan, 7, .nan]))
  }

  @Test func medianOfAnOddCountIsTheMiddle() throws {
    let matrix = units([("x", [5, 1, nil, 100])])
    var notes: [Note] = []
    let result = try Imputation(.median).fit(matrix).apply(to: matrix, notes: &notes)
    #expect(values(result["x"]) == [5, 1, 5, 100])
  }

  @Test func aGroupIsNeeded() {
    #expect(throws: ImmerseError.self) { try Imputation(.mean, group: "g").fit(units([("x", [1, nil])])) }
  }
}

@Suite struct DenominationTests {
  @Test func missingAndZeroDenominatorsMakeTheValueMissing() throws {
    let matrix = units([("a", [10, 10, 10, nil]), ("b", [1, 2, 3, 4]), ("pop", [5, nil, 0, 2])])
    var notes: [Note] = []
    let step = Denomination([Indicator("b"), Indicator("a", denominator: "pop")])
    let result = try step.apply(to: matrix, notes: &notes)
    #expect(result.codes == ["b", "a"])
    #expect(sameBits(values(result["a"]), [2, .nan, .nan, .nan]))
    #expect(notes.map(\.code) == ["zero_denominator"])
  }

  @Test func namesAColumnThatIsNotThere() {
    var notes: [Note] = []
    let error = #expect(throws: ImmerseError.self) {
      try Denomination([Indicator("a", denominator: "pop")]).apply(to: units([("a", [1])]), notes: &notes)
    }
    #expect(error?.variable == "pop")
  }
}
