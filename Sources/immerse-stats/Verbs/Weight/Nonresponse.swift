import ArgumentParser
import ImmerseStats

extension Weight {
  struct Nonresponse: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let respondents' weights stand for non-respondents.",
      discussion: """
        EXAMPLES
          immerse-stats weight nonresponse --data sample.csv --weights pw --respondents answered --classes region,sex \\
            --out adjusted.csv
          immerse-stats weight nonresponse --data sample.csv --weights pw --respondents answered --covariates age,sex \\
            --propensity-classes 5 --out adjusted.csv
          immerse-stats weight nonresponse --data sample.csv --weights pw --respondents answered --covariates age,sex \\
            --out adjusted.csv

        The column of respondents holds 1 and 0. In each class respondents are multiplied by the weight of all over the \
        weight of the respondents; non-respondents get 0. Classes are named, or cut from the propensities of a weighted \
        logistic regression into parts of equal weight; without --propensity-classes each weight is divided by its own \
        propensity.
        """)

    @OptionGroup var data: DataOptions

    @Option(help: "The column of weights to start from; without it every row starts at 1.")
    var weights: String?

    @Option(help: "The column that is 1 for respondents and 0 for others.")
    var respondents: String

    @Option(help: "Columns whose combinations are the classes, separated by commas.")
    var classes: String?

    @Option(help: "Covariates of the model of response, separated by commas; text enters as factors.")
    var covariates: String?

    @Option(help: "How many classes of equal weight the propensities are cut into.")
    var propensityClasses: Int?

    @OptionGroup var output: WeightOutput

    func run() throws {
      let source = try output.open(data)
      let request = NonresponseRequest(
        weights: weights, respondents: respondents, classes: classes.names, covariates: covariates.names,
        propensityClasses: propensityClasses, output: output.name)
      try output.run(.nonresponse(request), on: source)
    }
  }
}
