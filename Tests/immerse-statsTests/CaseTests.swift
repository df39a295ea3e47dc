import Foundation
import TestSupport
import Testing

/// Everything the command prints, compared with the transcripts under `Tests/Cases`.
struct CaseTests {
  static let files: [URL] = {
    let folder = TestFiles.root.appending(path: "Tests/Cases")
    let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    return files.filter { $0.pathExtension == "txt" }.sorted { $0.path < $1.path }
  }()

  @Test(arguments: files)
  func transcript(file: URL) throws {
    let cases = try CaseFile(file)
    #expect(!cases.cases.isEmpty)
    let outputs = try cases.cases.map { try Command.run($0.command, in: TestFiles.root).lines }
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil {
      try cases.rewrite(outputs)
      return
    }
    for (item, output) in zip(cases.cases, outputs) {
      let isEqual = output == item.expected
      #expect(
        isEqual,
        "\(file.lastPathComponent): \(item.command)\nprinted\n\(output.joined(separator: "\n"))\nexpected\n\(item.expected.joined(separator: "\n"))"
      )
    }
  }
}
