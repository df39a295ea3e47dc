public import Columnar
import DataFormats
import Foundation
public import ImmerseStats
import Reporting
public import Streaming

/// The folder of results of a study.
public struct StudyFolder {
  public let run: StudyRun
  /// The files written, by name.
  public let files: [String]
  /// From reading the study file to the last result.
  public let seconds: Double

  /// Carries out a study and writes its folder: a CSV and a JSON file for each analysis, the weights, the report and the
  /// provenance. An existing folder is replaced only with `force`, and only once all is computed and written.
  ///
  /// - Throws: what the study throws; `usage` where the folder exists; `inputOutput` where it cannot be written.
  public static func write(
    _ study: String, to folder: String, engine: Engine, force: Bool, command: [String]
  ) throws(ImmerseError) -> StudyFolder {
    let start = ContinuousClock.now
    let output = try OutputFolder(folder, force: force)
    let run = try StudyRun(study, engine: engine)
    var files: [String] = []
    func add(_ name: String, _ bytes: [UInt8]) throws(ImmerseError) {
      try OutputFile.write(bytes, to: output.path(of: name))
      files.append(name)
    }
    func add(_ name: String, _ text: String) throws(ImmerseError) { try add(name, Array(text.utf8)) }
    for analysis in run.analyses {
      var result = analysis.result
      result.provenance = Provenance.current
      try add("\(analysis.step.name).csv", ResultFormat.csv.render(result))
      try add("\(analysis.step.name).json", ResultFormat.json.render(result))
      if let model = analysis.scoreModel {
        try add("\(analysis.step.name)_model.json", Inputs.text(of: model))
      }
      if let fit = analysis.savedFit { try add("\(analysis.step.name).immerse", fit.bytes) }
      if let effects = analysis.randomEffects {
        try add("\(analysis.step.name)_random_effects.csv", ResultFormat.csv.render(effects))
      }
    }
    let steps = run.study.weighting
    if !steps.isEmpty {
      for (index, weighting) in run.weighting.enumerated() {
        let name = steps.count == 1 ? "margins" : "weighting_\(index + 1)_\(steps[index].step.rawValue)"
        try add("\(name).csv", ResultFormat.csv.render(weighting))
      }
      try DataFile.write(
        run.source, columns: run.weightColumns, to: output.path(of: "weights.csv"), engine: engine, force: true)
      files.append("weights.csv")
    }
    let seconds = start.duration(to: .now).seconds
    let provenance = try provenance(run, study, command: command, seconds: seconds, threads: engine.threads)
    try add("report.html", StudyReport(run: run, provenance: provenance).page.html)
    try add("provenance.json", provenance.text)
    try output.commit()
    return StudyFolder(run: run, files: files, seconds: seconds)
  }

  private static func provenance(
    _ run: StudyRun, _ path: String, command: [String], seconds: Double, threads: Int
  ) throws(ImmerseError) -> JSONValue {
    let files = InputFiles(beside: path)
    var inputs: [JSONValue] = [try input(path)]
    for name in run.study.inputs where name != "-" { inputs.append(try input(files.resolve(name))) }
    return [
      "program": .string("immerse-stats"), "version": .string(Provenance.version),
      "command": .string(command.joined(separator: " ")), "inputs": .array(inputs), "rows": .integer(run.rowCount),
      "threads": .integer(threads), "seconds": .number(seconds), "written": .string(Date.now.ISO8601Format()),
    ]
  }

  private static func input(_ path: String) throws(ImmerseError) -> JSONValue {
    let digest = try DataFile.checksum(path)
    return ["file": .string(path), "bytes": .integer(digest.bytes), "crc32": .string(digest.crc32)]
  }
}

extension Duration {
  /// Seconds, to the millisecond.
  var seconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds * 1000 + attoseconds / 1_000_000_000_000_000) / 1000
  }
}
