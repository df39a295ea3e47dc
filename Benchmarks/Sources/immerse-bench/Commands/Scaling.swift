import ArgumentParser
import Foundation
import ImmerseStats

struct Scaling: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time against rows, schools, indicators, replicates and threads, with the slope of the fitted power.",
    discussion: """
      A slope of 1 is a cost in proportion. Slopes over schools, indicators and replicates are below 1 where rows dominate; any \
      slope above 1.15 is marked as super-linear.
      """)

  @Option(help: "The largest number of rows; sizes are powers of ten from 10,000.")
  var rows = 1_000_000

  @Option(help: "Turns, of which the median counts.")
  var repeats = 3

  @Option(help: "Where to draw the picture.")
  var svg: String?

  @OptionGroup var options: RunOptions

  struct Series {
    var axis: String
    var task: String
    var points: [(size: Double, seconds: Double)] = []

    /// The least-squares slope of log seconds on log size.
    var slope: Double {
      let (x, y) = (points.map { log($0.size) }, points.map { log($0.seconds) })
      let (mx, my) = (x.reduce(0, +) / Double(x.count), y.reduce(0, +) / Double(y.count))
      let products = zip(x, y).reduce(0) { $0 + ($1.0 - mx) * ($1.1 - my) }
      return products / x.reduce(0) { $0 + ($1 - mx) * ($1 - mx) }
    }

    var isSuperLinear: Bool { axis != "threads" && slope > 1.15 }
  }

  func run() throws {
    let sizes = [10_000, 100_000, 1_000_000, 10_000_000].filter { $0 <= rows }
    guard sizes.count >= 2 else { throw ValidationError("--rows is at least 100000") }
    var all: [Series] = []
    func measure(_ axis: String, _ suites: [(size: Int, suite: Suite, rows: Int, threads: Int)]) throws {
      guard let first = suites.first else { return }
      var series = Series(axis: axis, task: first.suite.name)
      for point in suites {
        let engine = Engine(threads: point.threads)
        let data = BenchmarkData(rows: point.rows, place: .cache(options.cache), engine: engine)
        let task = try point.suite.prepare(Input(data: data, engine: engine))
        let seconds = try (0..<repeats).map { _ in try timed(task.run).seconds }
        series.points.append((Double(point.size), seconds.min() ?? .nan))
      }
      print(
        padded(axis, 11, left: true), padded(series.task, 18, left: true), "slope", padded(fixed(series.slope, 2), 6),
        series.points.map { "\(Int($0.size)): \(String(format: "%.3g", $0.seconds)) s" }.joined(separator: "  "),
        series.isSuperLinear ? " SUPER-LINEAR" : "")
      fflush(nil)
      all.append(series)
    }
    let threads = options.threads
    for suite in [Suite.meansTaylor, .rake(margins: 4), .fitTwoLevel, .fitThreeLevelSlope, .scoreIndex] {
      try measure("rows", sizes.map { ($0, suite, $0, threads) })
    }
    let middle = min(rows, 1_000_000) / 10
    let schools = [50, 500, 5000]
    try measure("schools", schools.map { ($0, .meansBySchools($0), middle, threads) })
    try measure("schools", schools.map { ($0, .fitBySchools($0), middle, threads) })
    let counts = [3, 10, 30]
    try measure(
      "indicators",
      counts.map {
        ($0, .meansTaylor(items: Array(BenchmarkSurvey.items.prefix($0)), by: ["country"]), middle, threads)
      })
    try measure(
      "indicators",
      counts.map { ($0, .scoreIndex(items: Array(BenchmarkSurvey.items.prefix($0))), middle, threads) })
    try measure("replicates", [5, 20, 80].map { ($0, .replicatesPV($0), middle, threads) })
    let cores = (0...6).map { 1 << $0 }.filter { $0 <= availableProcessors }
    if cores.count > 1 {
      for suite in [Suite.meansTaylor, .fitThreeLevelSlope, .scoreIndex] {
        try measure("threads", cores.map { ($0, suite, middle * 10, $0) })
      }
    }
    if let svg { try ScalingPicture(all).svg.write(toFile: svg, atomically: true, encoding: .utf8) }
  }
}
