import Foundation
import TestSupport
import Testing

/// What the documentation shows is what is compiled and run elsewhere.
struct DocumentationTests {
  static let catalog = TestFiles.root.appending(path: "Sources/ImmerseStats/ImmerseStats.docc")
  static let readme = TestFiles.root.appending(path: "README.md")

  static let pages: [URL] = {
    let files = (try? FileManager.default.contentsOfDirectory(at: catalog, includingPropertiesForKeys: nil)) ?? []
    return files.filter { $0.pathExtension == "md" }.sorted { $0.path < $1.path } + [readme]
  }()

  /// The program that links the library; `make consumer` builds and runs it.
  static let consumer: [String] = {
    let folder = TestFiles.root.appending(path: "Tests/Consumer/Sources")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.allObjects ?? []
    return files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
      .compactMap { try? String(contentsOf: $0, encoding: .utf8) }.map(words)
  }()

  @Test func theCatalogIsComplete() throws {
    let names = Set(Self.pages.map { $0.deletingPathExtension().lastPathComponent })
    let landing = try String(contentsOf: Self.catalog.appending(path: "ImmerseStats.md"), encoding: .utf8)
    let linked = Set(landing.matches(of: /<doc:([A-Za-z]+)>/).map { String($0.output.1) })
    #expect(names.subtracting(["ImmerseStats", "README"]) == linked)
    for page in Self.pages {
      let text = try String(contentsOf: page, encoding: .utf8)
      let links = text.matches(of: /<doc:([A-Za-z]+)>/).map { String($0.output.1) }
      let unknown = links.filter { !names.contains($0) }
      #expect(unknown.isEmpty, "\(page.lastPathComponent)")
    }
  }

  @Test(arguments: pages)
  func swiftStandsInTheConsumer(page: URL) throws {
    for block in try Self.blocks("swift", in: page) {
      let code = Self.words(block.joined(separator: "\n"))
      let stands = Self.consumer.contains { " \($0) ".contains(" \(code) ") }
      #expect(
        !code.isEmpty && stands, "\(page.lastPathComponent): not in Tests/Consumer:\n\(block.joined(separator: "\n"))")
    }
  }

  @Test func theDocumentationShowsCode() throws {
    let count = try Self.pages.reduce(0) { $0 + (try Self.blocks("swift", in: $1).count) }
    let tour = try Self.blocks("console", in: Self.readme).filter { $0.first?.hasPrefix("$ immerse-stats") == true }
      .count
    #expect(count >= 8)
    #expect(tour >= 5)
  }

  /// The blocks of commands are transcripts of `Tests/Cases`, which are compared with what the command prints.
  @Test(arguments: pages)
  func consoleStandsInTheTranscripts(page: URL) throws {
    let folder = TestFiles.root.appending(path: "Tests/Cases")
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    let transcripts = try files.filter { $0.pathExtension == "txt" }
      .flatMap { Self.commands(try String(contentsOf: $0, encoding: .utf8).components(separatedBy: "\n")) }
    for block in try Self.blocks("console", in: page) where block.first?.hasPrefix("$ immerse-stats") == true {
      for command in Self.commands(block) {
        let stands = transcripts.contains(command)
        #expect(stands, "\(page.lastPathComponent): not in Tests/Cases:\n\(command.joined(separator: "\n"))")
      }
    }
  }

  /// Every setting of the bundled study files is explained.
  @Test(arguments: ["api", "immerse"])
  func theSettingsOfStudyFilesAreDocumented(study: String) throws {
    let page = try String(contentsOf: Self.catalog.appending(path: "StudyFiles.md"), encoding: .utf8)
    var lines = try String(contentsOf: TestFiles.dataset("\(study)/study.yaml"), encoding: .utf8)
      .components(separatedBy: "\n")
    // The names under `labels` are those of the data.
    let labels = try #require(lines.firstIndex(of: "labels:")) + 1
    lines.removeSubrange(labels..<labels + lines[labels...].prefix { $0.hasPrefix("  ") }.count)
    let settings = Set(lines.joined(separator: "\n").matches(of: /(?m)(?:^[ \-]*|[{,] ?)([a-z_]+):/).map(\.output.1))
    #expect(settings.count >= 15)
    for setting in settings.sorted() {
      let isExplained = page.contains("`\(setting)`")
      #expect(isExplained, "\(setting)")
    }
  }

  // MARK: Reading

  /// The fenced blocks of a language, line by line.
  private static func blocks(_ language: String, in page: URL) throws -> [[String]] {
    var blocks: [[String]] = []
    var block: [String]?
    for line in try String(contentsOf: page, encoding: .utf8).components(separatedBy: "\n") {
      let mark = line.trimmingCharacters(in: .whitespaces)
      if let lines = block {
        if mark == "```" {
          blocks.append(lines)
          block = nil
        } else {
          block = lines + [line]
        }
      } else if mark == "```\(language)" {
        block = []
      }
    }
    return blocks
  }

  /// Each command with the lines it prints, without the empty lines that end it.
  private static func commands(_ lines: [String]) -> [[String]] {
    var commands: [[String]] = []
    for line in lines {
      if line.hasPrefix("$ ") {
        commands.append([line])
      } else if !commands.isEmpty {
        commands[commands.count - 1].append(line)
      }
    }
    for index in commands.indices {
      while commands[index].last == "" { commands[index].removeLast() }
    }
    return commands
  }

  private static func words(_ text: String) -> String {
    text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}
