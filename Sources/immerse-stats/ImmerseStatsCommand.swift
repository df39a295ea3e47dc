import ArgumentParser
import Columnar
import Foundation
import ImmerseStats

/// The command: parse, call the library, write.
@main
struct ImmerseStatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "immerse-stats",
    abstract: "Survey weights, multilevel models and composite indicators for children's data.",
    discussion: """
      EXAMPLES
        immerse-stats demo
        immerse-stats estimate mean api00 --data apiclus1.csv --weights pw --psu dnum --fpc fpc
        immerse-stats weight rake --data apiclus1.csv --weights pw --margins margins.csv --out weighted.csv
        immerse-stats fit "math ~ escs + (1 | school)" --data pisa.csv
        immerse-stats run study.yaml --out results

      Data go to standard output, messages to standard error. Exit codes: 0 done; 1 failure; 2 finished but not \
      converged; 64 usage; 65 bad data; 66 no input; 74 input or output failed; 130 interrupted.
      """,
    version: Provenance.version,
    subcommands: [
      Demo.self, Run.self, Inspect.self, Convert.self, Simulate.self, Weight.self, Estimate.self, FitModel.self,
      Score.self, Sensitivity.self, Request.self,
    ])

  static func main() {
    Interruption.install()
    do {
      var command = try parseAsRoot()
      try command.run()
      Terminal.sayWhatIsDone()
    } catch let error as ImmerseError {
      Terminal.say("error: \(error)")
      exit(withCode: error.kind.exitCode)
    } catch {
      Terminal.sayWhatIsDone()
      exit(withError: error)
    }
  }

  private static func exit(withCode code: Int32) -> Never { Foundation.exit(code) }
}

extension ImmerseError.Kind {
  var exitCode: Int32 {
    switch self {
    case .failure: 1
    case .usage: 64
    case .badData: 65
    case .noInput: 66
    case .inputOutput: 74
    case .cancelled: 130
    }
  }
}
