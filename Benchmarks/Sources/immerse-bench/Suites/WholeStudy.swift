import DataFormats
import Foundation
import ImmerseStats
import Simulation
import Studies

extension Suite {
  /// The bundled study on a survey of its own of as many children: from the files to the folder of results.
  static let wholeStudy = Suite(
    name: "whole-study", summary: "the bundled study from its files to its folder of results",
    // As many columns as the study's file of children has.
    columns: Array(everything.prefix(52))
  ) { input in
    let study = try input.data.study()
    let output = URL(filePath: study).deletingLastPathComponent().appending(path: "results").path
    return Task(run: {
      let folder = try StudyFolder.write(
        study, to: output, engine: input.engine, force: true, command: ["immerse-bench"])
      return ["rows": Double(folder.run.rowCount), "analyses": Double(folder.run.analyses.count)]
    })
  }
}

extension BenchmarkData {
  /// The study file, with its data beside it, written where they are not there yet.
  func study() throws -> String {
    let folder = self.folder + "/study-\(rows)"
    let path = "\(folder)/study.yaml"
    if FileManager.default.fileExists(atPath: path) { return path }
    let bundled = try BenchmarkData.bundledStudy()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let survey = try SimulatedStudy(.immerse, children: rows, seed: 1)
    try DataFile.write(survey, to: "\(folder)/children.csv", engine: engine, force: true)
    try DataFile.write(survey.siteTable, to: "\(folder)/sites.csv", engine: engine, force: true)
    for name in ["countries.csv", "framework.yaml", "codebook.yaml", "margins.csv"] {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
      try FileManager.default.copyItem(atPath: "\(bundled)/\(name)", toPath: "\(folder)/\(name)")
    }
    let text = try String(contentsOfFile: "\(bundled)/study.yaml", encoding: .utf8)
    try text.replacing("children.csv.gz", with: "children.csv").write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private static func bundledStudy() throws(ImmerseError) -> String {
    for folder in ["Datasets/immerse", "../Datasets/immerse"] {
      if FileManager.default.fileExists(atPath: folder + "/study.yaml") { return folder }
    }
    throw ImmerseError(
      .noInput, "the bundled study was not found",
      remedy: "run the benchmarks from the source folder or from Benchmarks")
  }
}
