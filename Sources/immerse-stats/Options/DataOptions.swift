public import ArgumentParser
import Columnar
import DataFormats
import Expressions
import ImmerseStats
import Streaming
import Studies

/// The rows a verb works on.
struct DataOptions: ParsableArguments {
  @Option(
    help: """
      A file (CSV or TSV, also .gz and .zst, Arrow, Parquet, SPSS, Stata or SAS), or - for standard input; repeat it to append \
      the rows of several.
      """)
  var data: [String] = []

  @Option(help: "A table to attach many-to-one, as FILE:KEY; may be repeated.")
  var join: [String] = []

  @OptionGroup var dialect: DialectOptions
  @OptionGroup var codebook: CodebookOption
  @OptionGroup var reshape: ReshapeOptions

  /// The rows with the tables attached; how well the keys met is said on standard error.
  func open(_ global: GlobalOptions, _ engine: Engine) throws(ImmerseError) -> any Source {
    if data.isEmpty { throw ImmerseError(.usage, "no data are named", remedy: "add --data FILE") }
    var joins: [TableJoin] = []
    for text in join { joins.append(try TableJoin(option: text)) }
    let files = try DataFile.open(data, options: try codebook.apply(to: dialect.options))
    Terminal.say(Inputs.contradictions(in: files), global)
    let rows = try reshape.apply(to: files, global, engine)
    let tables = try Inputs.tables(joins, to: rows, engine: engine)
    if tables.isEmpty { return rows }
    Terminal.say(try Inputs.check(tables, of: rows, engine: engine), global)
    return try Inputs.joining(rows, tables)
  }
}

/// How the sample was drawn.
struct DesignOptions: ParsableArguments {
  @Option(help: "The column of sampling weights.")
  var weights: String?

  @Option(help: "Columns of the first-stage strata, separated by commas.")
  var strata: String?

  @Option(help: "Columns of the sampling units, first stage first, separated by commas.")
  var psu: String?

  @Option(help: "Columns of population sizes or sampling fractions, one a stage, separated by commas.")
  var fpc: String?

  @Option(help: "What to do with a stratum of one unit: fail, certainty, remove, adjust or average.")
  var lonelyPsu: SurveyDesign.LonelyPSU = .fail

  var design: SurveyDesign {
    SurveyDesign(weights: weights, strata: strata.names, psu: psu.names, fpc: fpc.names, lonelyPSU: lonelyPsu)
  }
}

extension SurveyDesign.LonelyPSU: ExpressibleByArgument {}
extension EstimateRequest.Kind: ExpressibleByArgument {}
extension EstimateRequest.Missing: ExpressibleByArgument {}
extension QuantileRule: ExpressibleByArgument {}
extension ModelFamily: ExpressibleByArgument {}
extension RankTest: ExpressibleByArgument {}
extension EstimateRequest.StandardErrors: ExpressibleByArgument {}
extension IndependenceStatistic: ExpressibleByArgument {}
extension ProportionInterval: ExpressibleByArgument {}

extension Optional<String> {
  /// Names separated by commas.
  var names: [String] { (self ?? "").split(separator: ",").map { $0.trimmed } }

  /// Numbers separated by commas.
  ///
  /// - Throws: `usage` that names the option.
  func numbers(_ option: String) throws(ImmerseError) -> [Double] {
    try names.map { text throws(ImmerseError) in
      guard let number = NumberText.number(text) else {
        throw ImmerseError(.usage, "\(option) takes numbers separated by commas, not \"\(text)\"")
      }
      return number
    }
  }
}

extension StringProtocol {
  var trimmed: String {
    var text = Substring(self)
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
