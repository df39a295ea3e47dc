public import ArgumentParser
import Columnar
import DataFormats
import Foundation
import ImmerseStats
public import Simulation
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
      NAME.truth.json; the preset immerse also writes its tables as NAME.sites.csv and NAME.countries.csv.
      """)

  @Option(help: "immerse, pisa-six, pisa-world or register.")
  var preset: SimulationPreset

  @Option(help: "How many children, where not the preset's own number.")
  var children: Int?

  @Option(help: "The file to write, in any format that convert writes, or - for the data alone on standard output.")
  var out: String

  @Option(help: "The format to write, by its extension; by default that of the file, and CSV on standard output.")
  var format: String?

  @OptionGroup var global: GlobalOptions

  func run() throws {
    let engine = global.engine
    let study = try SimulatedStudy(preset, children: children, seed: global.seed)
    let format = try format.map { name throws(ImmerseError) in try FileFormat.named(name, on: out) }
    Terminal.say(try DataFile.write(study, to: out, as: format, engine: engine, force: global.force), global)
    if out != "-" { try writeCompanions(of: study, engine) }
    if !global.quiet { Terminal.say("\(study.rowCount) children in \(study.siteCount) sites; seed \(global.seed)") }
  }

  /// The generating truth and the tables beside the children.
  private func writeCompanions(of study: SimulatedStudy, _ engine: Engine) throws {
    let stem = out.lastIndex(of: ".").map { String(out[..<$0]) } ?? out
    var companions: [(path: String, source: any Source)] = []
    if preset == .immerse {
      companions = [(stem + ".sites.csv", study.siteTable), (stem + ".countries.csv", SimulatedStudy.countryTable)]
    }
    for (path, table) in companions { try DataFile.write(table, to: path, engine: engine, force: global.force) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let truth = try encoder.encode(study.truth)
    try OutputFile.write(Array(truth), to: stem + ".truth.json", force: global.force)
  }
}

extension SimulationPreset: ExpressibleByArgument {}
