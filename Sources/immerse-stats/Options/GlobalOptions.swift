import ArgumentParser
import Columnar
import ImmerseStats
import Streaming

/// Options every verb has.
struct GlobalOptions: ParsableArguments {
  @Option(help: "Threads to use; results do not depend on it.")
  var threads: Int = availableProcessors

  @Option(help: "Seed of everything random.")
  var seed: UInt64 = 1

  @Flag(help: "Overwrite existing outputs.")
  var force = false

  @Flag(help: "No progress and no notes on standard error.")
  var quiet = false

  func validate() throws {
    guard threads >= 1 else { throw ValidationError("--threads must be at least 1") }
  }

  var engine: Engine {
    var engine = Engine(threads: threads, cancellation: Interruption.cancellation)
    if let line = ProgressLine.ifWatched(quiet: quiet) { engine.progress = line.update }
    return engine
  }
}
