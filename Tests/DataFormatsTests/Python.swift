import Foundation
import TestSupport

/// A Python that has pyarrow, to compare with.
struct Python {
  let executable: String

  /// nil, with a printed reason, where there is none.
  static let withPyArrow: Python? = {
    let executable = ProcessInfo.processInfo.environment["IMMERSE_PYTHON"] ?? "python3"
    let python = Python(executable: executable)
    if (try? python.run(["-c", "import pyarrow"])) != nil { return python }
    print("skipped: no pyarrow here; set IMMERSE_PYTHON to a Python that has it")
    return nil
  }()

  struct Failed: Error {}

  func run(_ arguments: [String]) throws -> Data {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [executable] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failed() }
    return data
  }

  /// What a script of Tests/Reference prints.
  func json(script: String, _ arguments: [String]) throws -> GoldenJSON {
    let path = TestFiles.root.appending(path: "Tests/Reference/\(script)").path
    let data = try run([path] + arguments)
    return try TestFiles.withTemporaryFolder { folder in
      let file = folder.appending(path: "printed.json")
      try data.write(to: file)
      return try GoldenJSON(file)
    }
  }
}
