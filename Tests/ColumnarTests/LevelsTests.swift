import Columnar
import TestSupport
import Testing

@Suite struct LevelsTests {
  @Test func numbersSortAsNumbersAndTextByItsBytes() {
    #expect(Levels(sorting: ["10", "9", "1.5", "-2", "9"]).names == ["-2", "1.5", "9", "10"])
    #expect(Levels(sorting: ["1", "01", "1.0"]).names == ["01", "1", "1.0"])
    #expect(Levels(sorting: ["b", "B", "a", "é", "10", "9"]).names == ["10", "9", "B", "a", "b", "é"])
    #expect(Levels(sorting: ["2", "nan", "10"]).names == ["10", "2", "nan"])
    #expect(Levels(sorting: [String]()).names.isEmpty)
  }

  @Test func theOrderOfTheNamesGivenDoesNotMatter() {
    let names = (0..<500).map { "level \($0 * 7919 % 500)" }
    #expect(Levels(sorting: names).names == Levels(sorting: names.reversed()).names)
  }

  @Test func codesAreFoundByName() {
    let levels = Levels(["b", "a"])
    #expect(levels.code(of: "a") == 1)
    #expect(levels.code(of: "c") == nil)
    #expect(levels[0] == "b")
    #expect(levels == Levels(["b", "a"]))
    #expect(levels != Levels(["a", "b"]))
    // One letter, written composed and decomposed: equal to Swift, so the first is found.
    #expect(Levels(["\u{e9}", "e\u{301}"]).code(of: "e\u{301}") == 0)
  }

  @Test func numbersOfLevels() {
    #expect(Levels(["01", "2.5", "-1e3"]).numbers == [1, 2.5, -1000])
    #expect(Levels(["1", "x"]).numbers == nil)
    #expect(Levels(["1", ""]).numbers == nil)
    #expect(Levels(["NaN"]).numbers == nil)
  }
}

@Suite struct NumberTextTests {
  @Test func wholeNumbersHaveNoFraction() {
    let pairs: [(Double, String)] = [
      (1, "1"), (-0.0, "0"), (-17, "-17"), (0.1, "0.1"), (1e6, "1000000"), (999_999_999_999_999, "999999999999999"),
      (1e15, "1000000000000000"), (0x1.8p53, "13510798882111488"), (0x1p54, "1.8014398509481984e+16"),
      (1e300, "1e+300"), (.nan, ""), (-.infinity, "-inf"), (1.0 / 3, "0.3333333333333333"),
    ]
    for (number, text) in pairs { #expect(NumberText.shortest(number) == text) }
    #expect(NumberText.shortest(Float(0.1)) == "0.1")
    #expect(NumberText.shortest(Float(3)) == "3")
    #expect(NumberText.shortest(Float.nan) == "")
  }

  @Test func everyTextReadsBackAsTheSameNumber() {
    var state: UInt64 = 88_172_645_463_325_252
    for _ in 0..<20_000 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      let number = Double(bitPattern: state)
      if number.isNaN { continue }
      let back = NumberText.number(NumberText.shortest(number))
      #expect(back == number)
      let whole = (number.truncatingRemainder(dividingBy: 1e16)).rounded()
      if whole.isFinite { #expect(NumberText.number(NumberText.shortest(whole)) == whole) }
    }
  }

  @Test func whatIsANumber() {
    #expect(NumberText.number("1e3") == 1000)
    #expect(NumberText.number(" 1") == nil)
    #expect(NumberText.number("") == nil)
    #expect(NumberText.number("nan") == nil)
    #expect(NumberText.number("1,5") == nil)
  }
}

@Suite struct SpellingTests {
  @Test func slipsAreFound() {
    let names = ["age", "gender", "country", "weight_child", "weight_site"]
    #expect(Spelling.nearest(to: "aeg", in: names) == "age")
    #expect(Spelling.nearest(to: "Gender", in: names) == "gender")
    #expect(Spelling.nearest(to: "contry", in: names) == "country")
    #expect(Spelling.nearest(to: "weightchild", in: names) == "weight_child")
    #expect(Spelling.nearest(to: "escs", in: names) == nil)
    #expect(Spelling.nearest(to: "", in: names) == nil)
    #expect(Spelling.nearest(to: "age", in: []) == nil)
    #expect(Spelling.nearest(to: "a", in: ["b", "c"]) == "b")
  }

  @Test func listsEndWithTheRest() {
    #expect(Spelling.list(["a", "b"]) == "a, b")
    #expect(Spelling.list(["a", "b", "c"], limit: 2) == "a, b and 1 more")
    #expect(Spelling.list([]) == "")
  }
}

@Suite struct ImmerseErrorTests {
  @Test func oneLineSaysWhereWhatAndWhatToDo() {
    let error = ImmerseError(
      .badData, "is not a number", place: .init(file: "f.csv", line: 12, column: 3), variable: "age",
      remedy: "recode it")
    #expect("\(error)" == "f.csv:12:3: variable \"age\": is not a number (recode it)")
    #expect("\(ImmerseError(.failure, "stopped"))" == "stopped")
    #expect(error.at(.init(file: "g.csv")).place?.file == "f.csv")
    #expect(ImmerseError(.failure, "stopped").at(.init(file: "g.csv", line: 2)).description == "g.csv:2: stopped")
  }
}
