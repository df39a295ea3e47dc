import ArgumentParser
import Columnar
import DataFormats
import Foundation
import ImmerseStats
import Reporting
import Streaming
import Studies

struct Weight: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make weights.", subcommands: [Rake.self, Replicates.self])

  struct Rake: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Rake weights to known totals of several categorical variables.",
      discussion: """
        EXAMPLES
          immerse-stats weight rake --data apiclus1.csv --weights pw --margins margins.csv --out weighted.csv
          immerse-stats weight rake --data children.csv --margins margins.yaml --by country --name raked --out w.arrow

        The margins have the columns variable, category and total, and domain where --by names the column that holds it; \
        a joint margin joins its variables and its categories with colons. All input columns are written, and the weights \
        after them. A summary by margin goes to standard output, or to standard error where the data go there.
        """)

    @OptionGroup var data: DataOptions

    @Option(help: "The column of weights to start from; without it every row starts at 1.")
    var weights: String?

    @Option(help: "A CSV or YAML file of population totals.")
    var margins: String

    @Option(help: "The column that holds the margins' domains; each is raked by itself.")
    var by: String?

    @OptionGroup var filter: FilterOption

    @Option(help: "The name of the column the weights are written to.")
    var name = "weight"

    @Option(help: "The file to write; by default CSV on standard output.")
    var out: String?

    @Option(help: "The form of the summary: table, csv, json or markdown.")
    var format: ResultFormat = .table

    @OptionGroup var global: GlobalOptions

    func run() throws {
      let engine = global.engine
      let source = try filter.apply(to: try data.open(global, engine), global, engine)
      guard !source.columnNames.contains(name) else {
        throw ImmerseError(
          .usage, "the data already have a column of that name", variable: name,
          remedy: "name the new one with --name")
      }
      let request = RakeRequest(weights: weights, margins: try Inputs.margins(margins), by: by, output: name)
      let model = try Weighting.rake(request, on: source, engine: engine)
      Terminal.say(
        try DataFile.write(try source.applying(model), to: out ?? "-", engine: engine, force: global.force), global)
      var result = model.summary.analysis
      result.provenance = Provenance.current
      let text = format.render(result)
      if out != nil { try Terminal.write(text) } else if !global.quiet { Terminal.say(text) }
    }
  }
}
