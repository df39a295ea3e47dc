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

  @OptionGroup var rows: RowsOptions
  @OptionGroup var codebook: CodebookOption

  func open(_ global: GlobalOptions, _ engine: Engine) throws(ImmerseError) -> any Source {
    if data.isEmpty { throw ImmerseError(.usage, "no data are named", remedy: "add --data FILE") }
    return try rows.open(data, codebook, global, engine)
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

  @Option(
    help: """
      Columns of population sizes or sampling fractions, one a stage, separated by commas; with --pps, of the units' \
      inclusion probabilities.
      """)
  var fpc: String?

  @Option(
    help: """
      Units were drawn without replacement with the probabilities of --fpc: brewer (any number of stages), overton, \
      hartley-rao, hartley-rao=SUM_OF_SQUARES or joint=FILE, a table of joint probabilities in the order of the rows.
      """)
  var pps: String?

  @Option(help: "ht (Horvitz and Thompson) or yg (Yates and Grundy), for all --pps but brewer.")
  var ppsVariance: UnequalProbabilities.Form = .horvitzThompson

  @Option(
    help:
      "Columns of inclusion probabilities at each stage, separated by commas, in place of --weights: one over their product."
  )
  var probabilities: String?

  @Flag(help: "The first stage carries the whole variance, whatever stages follow.")
  var ultimateCluster = false

  @Flag(help: "--lonely-psu adjust or average also where a domain has one unit of a stratum of several.")
  var adjustDomainLonely = false

  @Option(help: "What to do with a stratum of one unit: fail, certainty, remove, adjust or average.")
  var lonelyPsu: SurveyDesign.LonelyPSU = .fail

  /// - Throws: `usage` for a method of unequal probabilities that is none, and what the file of joint probabilities throws.
  var design: SurveyDesign {
    get throws(ImmerseError) {
      SurveyDesign(
        weights: weights, strata: strata.names, psu: psu.names, fpc: fpc.names, lonelyPSU: lonelyPsu,
        adjustsLonelyInDomains: adjustDomainLonely, ultimateCluster: ultimateCluster, pps: try unequalProbabilities,
        probabilities: probabilities.names)
    }
  }

  private var unequalProbabilities: UnequalProbabilities? {
    get throws(ImmerseError) {
      guard let pps else { return nil }
      let parts = pps.split(separator: "=", maxSplits: 1).map(String.init)
      let value = parts.count == 2 ? parts[1] : nil
      let number = value.flatMap { NumberText.number($0) }
      guard let method = parts.first.flatMap(UnequalProbabilities.Method.init(rawValue:)),
        (method == .joint) == (value != nil) || method == .hartleyRao,
        method != .hartleyRao || (value == nil) == (number == nil)
      else {
        throw ImmerseError(
          .usage, "\"\(pps)\" is no way of drawing with unequal probabilities",
          remedy: "they are brewer, overton, hartley-rao, hartley-rao=SUM_OF_SQUARES and joint=FILE")
      }
      return UnequalProbabilities(
        method, form: ppsVariance, sumOfSquares: number,
        joint: try method == .joint
          ? value.map { v throws(ImmerseError) in try InputFiles().squareTable(v) } : nil)
    }
  }
}

extension SurveyDesign.LonelyPSU: ExpressibleByArgument {}
extension UnequalProbabilities.Form: ExpressibleByArgument {}
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
