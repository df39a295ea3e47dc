import ArgumentParser
import Columnar
import DataFormats
import Foundation
import ImmerseStats
import Simulation
import Streaming

struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make data of children who do not exist, with known truth.",
    discussion: """
      EXAMPLES
        immerse-stats simulate --preset immerse --out children.csv
        immerse-stats simulate --preset pisa-six --seed 7 --out pisa.arrow
        immerse-stats simulate --preset register --children 5000000 --out register.arrow

      The same seed gives the same bytes on any number of threads. Beside the data, the generating truth is written as \
      NAME.truth.json; the preset immerse also writes its tables of sites and countries.
      """)

  @Option(help: "immerse, pisa-six, pisa-world or register.")
  var preset: String

  @Option(help: "How many children, where not the preset's own number.")
  var children: Int?

  @Option(help: "The file to write: .csv or .arrow.")
  var out: String

  @OptionGroup var global: GlobalOptions

  func run() throws {
    print(preset)
  }
}
