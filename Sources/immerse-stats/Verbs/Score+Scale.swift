import Columnar
import CompositeIndicators
import DataFormats
import ImmerseStats
import Reporting
import Streaming
import Studies

extension Score {
  /// The rows with their scores go to the file, what is said of them to standard output.
  func score(on scale: ResponseScale, _ source: any Source, _ engine: Engine) throws {
    let added = [scale.name, scale.name + "_se"]
    if let taken = added.first(where: source.columnNames.contains) {
      throw ImmerseError(
        .usage, "the data already have a column of that name", variable: taken, remedy: "give the scale another name")
    }
    let request = ScaleRequest(scale, weights: weights, by: by, standardise: standardise)
    let summary = try ScaleSummary(request, source: source, engine: engine)
    if let out = output.out {
      try DataFile.write(
        try source.applying(try ResponseScore(summary.scale)), to: out, engine: engine, force: global.force)
    }
    var result = summary.analysis
    result.provenance = Provenance.current
    try Terminal.write((output.format ?? .table).render(result))
    if !global.quiet { for note in result.notes { Terminal.say("note: \(note.message)") } }
  }

  /// The calibrated scale goes to the file, its parameters and fit to standard output.
  func estimateItems(_ calibration: ScaleCalibration, _ source: any Source, _ engine: Engine) throws {
    var calibration = calibration
    calibration.weights = weights ?? calibration.weights
    calibration.group = by ?? calibration.group
    let calibrated = try calibration.run(on: source, engine: engine)
    if let out = output.out {
      try OutputFile.write(Array(try Inputs.text(of: calibrated.scale).utf8), to: out, force: global.force)
    }
    var shown = output
    shown.out = nil
    var result = calibrated.analysis
    result.provenance = Provenance.current
    try shown.write(result, global)
  }
}
