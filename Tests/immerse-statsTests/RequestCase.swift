import Foundation
import ImmerseStats
import TestSupport

/// A file of `Tests/Cases/requests`, to which the command and all adapters are held.
struct RequestCase: Sendable, CustomStringConvertible {
  let file: URL
  /// The members of the file in their order.
  private var members: [JSONValue.Member]

  static let all = files(in: TestFiles.root.appending(path: "Tests/Cases/requests"))

  static func files(in folder: URL) -> [URL] {
    let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    return files.filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }
  }

  init(_ file: URL) throws {
    self.file = file
    let document = try JSONValue(parsing: Array(try Data(contentsOf: file)), file: file.lastPathComponent)
    guard case .object(let members) = document else { throw CocoaError(.fileReadCorruptFile) }
    self.members = members
  }

  var description: String { file.lastPathComponent }

  subscript(key: String) -> JSONValue? { JSONValue.object(members)[key] }

  func text(_ key: String) -> String? { if case .string(let text)? = self[key] { text } else { nil } }

  /// What the request yields by the command's verb for requests: the result without its provenance, and the columns it
  /// adds, each by its first value and its sum.
  func outcome() throws -> (result: JSONValue, added: JSONValue?) {
    try TestFiles.withTemporaryFolder { folder in
      let request = folder.appending(path: "request.json")
      try Data((self["request"] ?? .null).text.utf8).write(to: request)
      let columns = folder.appending(path: "columns.csv")
      let output = try Command.run(
        "immerse-stats request '\(request.path)' --data \(text("data") ?? "") --columns '\(columns.path)' --format json --quiet",
        in: TestFiles.root)
      guard let added = try? String(contentsOf: columns, encoding: .utf8) else {
        return (try RequestCase.result(of: output), nil)
      }
      return (try RequestCase.result(of: output), RequestCase.summary(ofCSV: added))
    }
  }

  /// What the command yields by its own options; nil where the case names no command.
  func resultOfCommand() throws -> JSONValue? {
    try text("command").map { try RequestCase.result(of: try Command.run($0, in: TestFiles.root)) }
  }

  private static func result(of output: Command.Output) throws -> JSONValue {
    guard output.status == 0,
      case .object(let members) = try JSONValue(parsing: Array(output.standardOutput.utf8), file: "result")
    else { throw Failure(text: output.standardError) }
    return .object(members.filter { $0.key != "provenance" })
  }

  struct Failure: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
  }

  private static func summary(ofCSV text: String) -> JSONValue? {
    let lines = text.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    guard let names = lines.first, names != [""] else { return nil }
    return .object(
      names.indices.map { column in
        let values = lines.dropFirst().map { Double($0[column]) }
        return .init(
          String(names[column]),
          ["first": JSONValue(values.first ?? nil), "sum": JSONValue(values.compactMap { $0 }.reduce(0, +))])
      })
  }

  mutating func rewrite(_ result: JSONValue, _ added: JSONValue?) throws {
    members.removeAll { ["result", "added"].contains($0.key) }
    members.append(.init("result", result))
    if let added { members.append(.init("added", added)) }
    try Data(JSONValue.object(members).text.utf8).write(to: file)
  }
}

extension JSONValue {
  /// Whether all texts are the same and all numbers the same up to rounding. How often an iteration had to go round, and
  /// figures in the words of a note, may depend on the machine.
  func isClose(to other: JSONValue) -> Bool {
    switch (self, other) {
    case (.object(let a), .object(let b)):
      a.map(\.key) == b.map(\.key)
        && zip(a, b).allSatisfy { ["convergence", "message"].contains($0.key) || $0.value.isClose(to: $1.value) }
    case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy { $0.isClose(to: $1) }
    default:
      if let a = number, let b = other.number {
        abs(a - b) <= 1e-9 * max(abs(a), abs(b)) + 1e-12
      } else {
        self == other
      }
    }
  }

  private var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
}
