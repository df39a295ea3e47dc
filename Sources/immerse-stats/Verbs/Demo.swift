import ArgumentParser
import Columnar
import Foundation
import ImmerseStats
import Reporting
import Studies

struct Demo: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Carry out the bundled study of 24,420 simulated children and print its headline figures.",
    discussion: """
      EXAMPLES
        immerse-stats demo
        immerse-stats demo --out results --force

      The study file lies in Datasets/immerse of the source folder, which is looked for from the working folder and \
      from the command upwards.
      """)

  @Option(help: "The folder to write.")
  var out = "immerse-demo"

  @OptionGroup var global: GlobalOptions

  func run() throws {
    let study = try Demo.findStudy()
    let folder = try StudyFolder.write(
      study, to: out, engine: global.engine, force: global.force, command: CommandLine.arguments)
    var text = "\(folder.run.study.title)\n\n"
    for analysis in folder.run.analyses where analysis.result.rows.count <= 40 {
      text += "\(analysis.step.title)\n\(ResultFormat.table.render(analysis.result))\n"
    }
    text += "\(folder.run.rowCount) children in \(folder.seconds) s. The whole report: \(out)/report.html\n"
    try Terminal.write(text)
  }

  private static func findStudy() throws(ImmerseError) -> String {
    let starts = [
      URL(filePath: FileManager.default.currentDirectoryPath), Bundle.main.executableURL?.resolvingSymlinksInPath(),
    ]
    for start in starts.compactMap(\.self) {
      var folder = start
      while true {
        let study = folder.appending(path: "Datasets/immerse/study.yaml")
        if FileManager.default.fileExists(atPath: study.path) { return study.path }
        if folder.path == "/" { break }
        folder.deleteLastPathComponent()
      }
    }
    throw ImmerseError(
      .noInput, "the bundled study Datasets/immerse/study.yaml was not found",
      remedy: "start the demo from the source folder")
  }
}
