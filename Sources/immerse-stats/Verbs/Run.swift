import ArgumentParser
import Columnar
import Foundation
import ImmerseStats
import Studies

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Carry out a study file and write its folder of results.",
    discussion: """
      EXAMPLES
        immerse-stats run Datasets/immerse/study.yaml --out results
        immerse-stats run Datasets/api/study.yaml --out results --force

      The folder holds one CSV and one JSON file for each analysis, the weights, report.html and provenance.json. It is \
      written whole or not at all.
      """)

  @Argument(help: "The study file.")
  var study: String

  @Option(help: "The folder to write.")
  var out: String

  @OptionGroup var global: GlobalOptions

  func run() throws {
    let folder = try StudyFolder.write(
      study, to: out, engine: global.engine, force: global.force, command: CommandLine.arguments)
    if !global.quiet {
      for note in folder.run.notes { Terminal.say("note: \(note.message)") }
      Terminal.say("wrote \(folder.files.count) files to \(out) in \(folder.seconds) s; open \(out)/report.html")
    }
    if folder.run.analyses.contains(where: { !$0.result.hasConverged }) { throw ExitCode(2) }
  }
}
