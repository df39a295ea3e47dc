import ArgumentParser
import ImmerseStats
import Streaming

extension Weight {
  struct Base: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make base weights of inclusion probabilities.",
      discussion: """
        EXAMPLES
          immerse-stats weight base --data sample.csv --probabilities p_school,p_child --out weighted.csv

        Every row weighs one over the product of the probabilities with which its units were drawn, stage by stage.
        """)

    @OptionGroup var data: DataOptions

    @Option(help: "Columns of inclusion probabilities, one a stage, separated by commas.")
    var probabilities: String

    @OptionGroup var output: WeightOutput

    func run() throws {
      let source = try output.open(data)
      let base = try BaseWeights(probabilities: Optional(probabilities).names, output: output.name)
      let weighted = try source.applying(base)
      let diagnosis = try Diagnosis.run(
        DiagnosisRequest(weights: output.name), on: weighted, engine: output.global.engine)
      try output.write(weighted, diagnosis.analysis)
    }
  }
}
