import Foundation

/// A transcript of commands and what they print, as a file under `Tests/Cases`.
///
/// A line that starts with `$ ` is a command, with the repository as its working folder; the lines below it are what
/// it prints: on standard output as they are, on standard error after `! `, and a last `[code]` where it does not
/// end with 0. Lines before the first command are a comment. Run the tests with UPDATE_GOLDEN=1 to rewrite the files.
struct CaseFile {
  struct Case {
    var command: String
    var expected: [String]
  }

  let url: URL
  var comment: [String] = []
  var cases: [Case] = []

  init(_ url: URL) throws {
    self.url = url
    var lines = try String(contentsOf: url, encoding: .utf8).components(separatedBy: "\n")
    if lines.last == "" { lines.removeLast() }
    for line in lines {
      if line.hasPrefix("$ ") {
        cases.append(Case(command: String(line.dropFirst(2)), expected: []))
      } else if cases.isEmpty {
        comment.append(line)
      } else {
        cases[cases.count - 1].expected.append(line)
      }
    }
    for index in cases.indices {
      while cases[index].expected.last == "" { cases[index].expected.removeLast() }
    }
  }

  func rewrite(_ outputs: [[String]]) throws {
    var lines = comment
    for (item, output) in zip(cases, outputs) { lines += ["$ " + item.command] + output + [""] }
    try lines.joined(separator: "\n").write(to: url, atomically: true, encoding: .utf8)
  }
}

/// The command as built beside the tests.
enum Command {
  static let executable: URL = {
    let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    return tests.deletingLastPathComponent().appending(path: "immerse-stats")
  }()

  struct Output {
    var status: Int32
    var standardOutput: String
    var standardError: String

    var lines: [String] {
      func lines(_ text: String) -> [String] {
        var lines = text.components(separatedBy: "\n")
        if lines.last == "" { lines.removeLast() }
        return lines
      }
      return lines(standardOutput) + lines(standardError).map { "! " + $0 } + (status == 0 ? [] : ["[\(status)]"])
    }
  }

  /// Runs a shell line in which `immerse-stats` is the built command.
  static func run(_ line: String, in folder: URL) throws -> Output {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-c", "immerse-stats() { '\(executable.path)' \"$@\"; }; \(line)"]
    process.currentDirectoryURL = folder
    let (output, error) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = error
    try process.run()
    // Read to the end before waiting, so that a full pipe does not stop the command.
    let standardOutput = output.fileHandleForReading.readDataToEndOfFile()
    let standardError = error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Output(
      status: process.terminationStatus, standardOutput: String(decoding: standardOutput, as: UTF8.self),
      standardError: String(decoding: standardError, as: UTF8.self))
  }
}
