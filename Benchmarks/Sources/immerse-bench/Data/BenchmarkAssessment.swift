import ImmerseStats
import Simulation

/// The simulated assessment: plausible values and replicate weights, which the benchmark survey has not.
///
/// Six countries below 500,000 rows, eighty education systems above. It is generated when it is wanted and never written:
/// its replicate weights would make the file of every other suite three times as large.
enum BenchmarkAssessment {
  static let values = (1...10).map { "PV\($0)MATH" }
  static let replicates = (1...80).map { "W_FSTURWT\($0)" }

  static func source(rows: Int) throws(ImmerseError) -> any Source {
    try SimulatedStudy(rows < 500_000 ? .pisaSix : .pisaWorld, children: rows, seed: 1)
  }
}
