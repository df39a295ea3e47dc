import Columnar
import Studies
import Testing

private struct Settings: Decodable, Equatable {
  enum Colour: String, Decodable, CaseIterable { case red, green }
  struct Inner: Decodable, Equatable { var width: Int }

  var name: String
  var size: Double?
  var colour: Colour?
  var inner: Inner?
  var list: [String]?
  var labels: [String: String]?
}

struct StrictYAMLTests {
  private func decode(_ text: String) throws(ImmerseError) -> Settings {
    try StrictYAML.decode(Settings.self, from: text, file: "s.yaml")
  }

  @Test func readsWhatItKnows() throws {
    let settings = try decode("name: a\nsize: 2\ncolour: red\ninner: {width: 3}\nlist: one\nlabels: {0: x, \"1\": y}\n")
    #expect(
      settings
        == Settings(
          name: "a", size: 2, colour: .red, inner: .init(width: 3), list: ["one"], labels: ["0": "x", "1": "y"]))
  }

  @Test(arguments: [
    ("name: a\nsiz: 2\n", 2, 1, "did you mean \"size\"?"),
    ("name: a\ninner: {width: 3, depth: 1}\n", 2, 19, "depth"),
    ("size: 2\n", 1, 1, "\"name\" is missing"),
    ("name: a\nsize: big\n", 2, 7, "a number"),
    ("name: a\ncolour: blue\n", 2, 9, "red, green"),
    ("name: a\ninner: 3\n", 2, 8, "settings were expected"),
    ("name: [a\n", 2, 1, "not valid YAML"),
    ("name: a\nname: b\n", 1, 1, "stands twice"),
  ])
  func refusesWithThePlace(text: String, line: Int, column: Int, says: String) {
    let error = #expect(throws: ImmerseError.self) { try decode(text) }
    #expect(error?.kind == .badData)
    #expect(error?.place?.line == line)
    #expect(error?.place?.column == column)
    let message = error.map { "\($0)" } ?? ""
    #expect(message.contains(says), "\(message)")
  }

  @Test func anEmptyFileIsSaidToBeEmpty() {
    let error = #expect(throws: ImmerseError.self) { try decode("") }
    #expect(error?.problem == "the file is empty")
  }
}
