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
      Base.self, Rake.self, Poststratify.self, Calibrate.self, Nonresponse.self, Trim.self, Replicates.self,
      Diagnose.self,
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

  @OptionGroup var output: WeightOutput

  /// Carries a step out on the rows of the options.
  func run(_ request: ([Margin]) -> WeightingRequest) throws {
    let source = try output.open(data)
    try output.run(.totals(request(try InputFiles().margins(margins))), on: source)
  }
}

/// Where weights go and how the step is summarised.
struct WeightOutput: ParsableArguments {
  @OptionGroup var filter: FilterOption

  @Option(help: "The name of the column the weights are written to.")
  var name = "weight"

  @Option(
    help: """
      Columns of replicates of the weights the step starts from, also as ranges such as rw1-rw80: each goes through the \
      same step, and is written under the name of the weights and its number.
      """)
  var replicates: String?

  @Option(
    help: """
      A file to record the step in, as JSON; estimate --history then knows it. A record of the steps that made the \
      starting weights is continued.
      """)
  var history: String?

  @Option(help: "The file to write; by default CSV on standard output.")
  var out: String?

  @OptionGroup var summary: WeightSummary
  @OptionGroup var global: GlobalOptions

  /// The rows, of which none has the column that is to be made.
  func open(_ data: DataOptions) throws(ImmerseError) -> any Source {
    try summary.check(dataTo: out)
    let engine = global.engine
    let source = try filter.apply(to: try data.open(global, engine), global, engine)
    try checkNew([name], in: source)
    return source
  }

  private func checkNew(_ names: [String], in source: any Source) throws(ImmerseError) {
    guard let taken = names.first(where: source.columnNames.contains) else { return }
    throw ImmerseError(
      .usage, "the data already have a column of that name", variable: taken, remedy: "name the new one with --name")
  }

  /// Carries a step out, writes the rows with their weights, and says what was done to them.
  func run(_ step: WeightStep, on source: any Source) throws {
    let made = try WeightSteps([step], replicates: replicates.names).run(on: source, engine: global.engine)
    try checkNew(made.added, in: source)
    let record = try history.map { file throws(ImmerseError) in try Inputs.record(of: step, continuing: file) }
    try write(made.source, made.analysis)
    if let history, let record {
      try OutputFile.write(Array(record.text.utf8), to: history, force: global.force || record.isContinued)
    }
  }
}

extension WeightOutput {
  /// Writes the rows with their weights, and says what was done to them.
  func write(_ weighted: any Source, _ result: AnalysisResult) throws {
    try DataFile.write(weighted, to: out ?? "-", engine: global.engine, force: global.force)
    try summary.write(result, dataTo: out, global)
  }
}

/// The form of a weighting step's summary, and where it goes: to standard output, or to standard error where the data go
/// there.
struct WeightSummary: ParsableArguments {
  @Option(help: "The form of the summary: table, csv, json, markdown, arrow or xlsx; by default from its extension.")
  var format: ResultFormat?

  @Option(help: "A file for the summary.")
  var summary: String?

  /// - Throws: `usage` where the summary cannot be written where it is to go.
  func check(dataTo out: String?) throws(ImmerseError) {
    let isBinary = format == .arrow || format == .xlsx
    guard isBinary, summary == nil, out == nil else { return }
    throw ImmerseError(
      .usage, "the data go to standard output, so the summary can only be text",
      remedy: "name a file for it with --summary, or one for the data with --out")
  }

  func write(_ result: AnalysisResult, dataTo out: String?, _ global: GlobalOptions) throws {
    var result = result
    result.provenance = Provenance.current
    let byName = try summary.map { path throws(ImmerseError) in try OutputOptions.format(of: path) }
    let format = format ?? byName ?? .table
    if summary != nil || out != nil {
      try format.write(result, to: summary ?? "-", force: global.force)
    } else if !global.quiet {
      Terminal.say(format.render(result))
    }
    if !global.quiet {
      for note in result.notes { Terminal.say("note: \(note.message)") }
    }
  }
}
