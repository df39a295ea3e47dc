import ArgumentParser
import Foundation
import ImmerseStats

struct List: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "List the suites.")

  func run() {
    for suite in Suite.all { print(padded(suite.name, 20, left: true), suite.summary) }
  }
}

struct Suites: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Measure suites, and print one table.")

  @Option(help: "A suite; may be repeated. All of them where none is named.")
  var suite: [String] = []

  @Option(help: "Rows; may be repeated.")
  var rows: [Int] = [24_420, 73_600, 612_004]

  @Option(help: "Turns, of which the median counts.")
  var repeats = 5

  @Flag(help: "One JSON object a line in place of the table.")
  var json = false

  @OptionGroup var options: RunOptions

  func validate() throws {
    guard repeats >= 1, rows.allSatisfy({ $0 >= 1 }) else { throw ValidationError("rows and repeats are at least 1") }
  }

  func run() throws {
    // The Parquet file is written by a peer, so that its suite runs beside them only, or where it is named.
    let own = Suite.all.filter { $0.name != Suite.ingestParquet.name }
    let chosen = try suite.isEmpty ? own : suite.map { try Suite.named($0) }
    if !json {
      print("suite                     rows    seconds     rows/s   peak MB   reads   Gram passes")
    }
    for rows in rows {
      for suite in chosen {
        let m = try Measurement(
          suite, rows: rows, repeats: repeats, data: options.data(rows: rows), engine: options.engine)
        if json {
          try Output.line(m)
        } else {
          print(
            padded(m.suite, 20, left: true), padded("\(m.rows)", 9), padded(fixed(m.seconds, 4), 10),
            padded(String(format: "%.3g", m.rowsPerSecond), 10),
            padded(fixed(m.peakBytes.map { Double($0) / 1e6 }, 1), 9),
            padded(fixed(m.reads, 2), 7), padded(fixed(m.gramPasses, 2), 13))
          fflush(nil)
        }
      }
    }
  }
}

/// The worker that drivers talk to: a line on standard input asks for a turn, a JSON line on standard output answers.
struct Sample: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take one turn of a suite for every line on standard input, for drivers that alternate programs.")

  @Option var suite: String
  @Option var rows: Int
  @Option(help: "Extra work in every turn, as a share of its time: the slowdown that a gate must find.")
  var slowdown = 0.0
  @OptionGroup var options: RunOptions

  func run() throws {
    let stand = try Stand(try Suite.named(suite), data: options.data(rows: rows), engine: options.engine)
    print("ready")
    fflush(nil)
    while readLine() != nil {
      var turn = try stand.turn()
      if slowdown > 0 {
        turn.seconds += timed { Burn.forSeconds(slowdown * turn.seconds) }.seconds
      }
      try Output.line(turn)
    }
  }
}

struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Write the files of one size into the cache.")

  @Option var rows: Int
  @OptionGroup var options: RunOptions

  func run() throws {
    let data = options.data(rows: rows)
    for format in ["csv", "arrow", "sav"] { print(try data.file(format)) }
    for count in [4, 12] { print(try data.marginsFile(count)) }
  }
}
