import ArgumentParser
import Columnar
import DataFormats
import ImmerseStats
import Reporting
import Streaming
import Studies

struct Weight: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make weights.",
    subcommands: [
      Rake.self, Poststratify.self, Calibrate.self, Nonresponse.self, Trim.self, Replicates.self, Diagnose.self,
    ])
}

/// What all steps to known totals share.
struct MarginOptions: ParsableArguments {
  @OptionGroup var data: DataOptions

  @Option(help: "The column of weights to start from; without it every row starts at 1.")
  var weights: String?

  @Option(help: "A CSV or YAML file of population totals.")
  var margins: String

  @Option(help: "The column that holds the margins' domains; each is treated by itself.")
  var by: String?

  @Option(help: "A file to record the step in, as JSON; estimate --history then knows the margins.")
  var history: String?

  @OptionGroup var output: WeightOutput
}

/// Where weights go and how the step is summarised.
struct WeightOutput: ParsableArguments {
  @OptionGroup var filter: FilterOption

  @Option(help: "The name of the column the weights are written to.")
  var name = "weight"

  @Option(help: "The file to write; by default CSV on standard output.")
  var out: String?

  @Option(help: "The form of the summary: table, csv, json or markdown.")
  var format: ResultFormat = .table

  @OptionGroup var global: GlobalOptions

  /// The rows, of which none has the column that is to be made.
  func open(_ data: DataOptions) throws(ImmerseError) -> any Source {
    let engine = global.engine
    let source = try filter.apply(to: try data.open(global, engine), global, engine)
    guard !source.columnNames.contains(name) else {
      throw ImmerseError(
        .usage, "the data already have a column of that name", variable: name, remedy: "name the new one with --name")
    }
    return source
  }

  /// Writes the rows with their weights, and says what was done to them.
  func write(_ model: some Transform, of source: any Source, _ analysis: AnalysisResult) throws {
    try DataFile.write(try source.applying(model), to: out ?? "-", engine: global.engine, force: global.force)
    var result = analysis
    result.provenance = Provenance.current
    let text = format.render(result)
    if out != nil { try Terminal.write(text) } else if !global.quiet { Terminal.say(text) }
    if !global.quiet {
      for note in result.notes { Terminal.say("note: \(note.message)") }
    }
  }
}

extension MarginOptions {
  /// Carries a step out on the rows of the options.
  func run(_ request: ([Margin]) -> WeightingRequest) throws {
    let source = try output.open(data)
    let step = request(try Inputs.margins(margins))
    let model = try Weighting.run(step, on: source, engine: output.global.engine)
    try output.write(model, of: source, model.analysis)
    if let history {
      try OutputFile.write(Array(try Inputs.document(of: step).utf8), to: history, force: output.global.force)
    }
  }
}
