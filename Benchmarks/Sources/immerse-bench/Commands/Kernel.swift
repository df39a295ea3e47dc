import ArgumentParser
import Foundation
import ImmerseStats

struct Kernel: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Carry out one small task once, on one thread, for counting its instructions.",
    discussion: """
      The name is that of a suite, or `empty`. With --empty all is prepared but the task not carried out: what that run \
      counts is subtracted. --burn adds steps of known cost.
      """)

  @Argument var name: String
  @Option var rows = 2442
  @Flag var empty = false
  @Option var burn = 0
  @Option(help: "A folder for files that the task reads.")
  var scratch = NSTemporaryDirectory()

  func run() throws {
    let engine = Engine(threads: 1)
    var answer: Suite.Answer = [:]
    if name != "empty" {
      let data = BenchmarkData(rows: rows, place: .memory(scratch: scratch), engine: engine)
      let task = try Suite.named(name).prepare(Input(data: data, engine: engine))
      if !empty { answer = try task.run() }
    }
    if burn > 0 { answer["burn"] = Double(Burn.steps(burn) & 1) }
    try Output.line(answer)
  }
}
