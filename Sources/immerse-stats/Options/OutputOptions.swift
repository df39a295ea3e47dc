public import ArgumentParser
import Columnar
import DataFormats
import Foundation
import ImmerseStats
import Reporting
import Streaming

extension ResultFormat: ExpressibleByArgument {}

/// Where a result goes and in which form.
struct OutputOptions: ParsableArguments {
  @Option(help: "table, csv, json, arrow, markdown or xlsx; by default from the extension of --out, else table.")
  var format: ResultFormat?

  @Option(help: "A file to write instead of standard output.")
  var out: String?

  /// Writes a result and says its notes; ends with exit code 2 where it has not converged.
  func write(_ result: AnalysisResult, _ global: GlobalOptions) throws {
    try resolvedFormat().write(result, to: out ?? "-", force: global.force)
    if !global.quiet {
      for note in result.notes { Terminal.say("note: \(note.message)") }
    }
    if !result.hasConverged { throw ExitCode(2) }
  }

  private func resolvedFormat() throws(ImmerseError) -> ResultFormat {
    if let format { return format }
    return try out.map { path throws(ImmerseError) in try Self.format(of: path) } ?? .table
  }

  /// The form of a result that a file's extension says; a table without one.
  static func format(of path: String) throws(ImmerseError) -> ResultFormat {
    guard let dot = path.lastIndex(of: ".") else { return .table }
    let name = path[path.index(after: dot)...].lowercased()
    if let format = ResultFormat(extension: name) { return format }
    throw ImmerseError(
      .usage, "\".\(name)\" is not the extension of a result",
      remedy: "use .csv, .json, .arrow, .md, .xlsx or .txt, or --format")
  }
}
