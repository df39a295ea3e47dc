import ImmerseStats

/// What one suite cost at one size. The read, the Gram pass and the task take turns, and ratios are formed within a
/// turn, so that a busy moment of the machine hits all of them.
struct Measurement: Codable {
  var suite: String
  var rows: Int
  var threads: Int
  var seconds: Double
  var rowsPerSecond: Double
  var peakBytes: Int?
  var readSeconds: Double
  var reads: Double
  var gramSeconds: Double?
  var gramPasses: Double?
  var answer: Suite.Answer

  init(_ suite: Suite, rows: Int, repeats: Int, data: BenchmarkData, engine: Engine) throws {
    let stand = try Stand(suite, data: data, engine: engine)
    let first = try Memory.peak { try stand.task.run() }
    var turns: [Stand.Turn] = []
    for _ in 0..<repeats { turns.append(try stand.turn()) }
    self.suite = suite.name
    self.rows = rows
    threads = engine.threads
    seconds = median(turns.map(\.seconds))
    rowsPerSecond = Double(rows) / seconds
    peakBytes = first.bytes
    readSeconds = median(turns.map(\.readSeconds))
    reads = median(turns.map { $0.seconds / $0.readSeconds })
    let grams = turns.compactMap { turn in turn.gramSeconds.map { (gram: $0, passes: turn.seconds / $0) } }
    gramSeconds = grams.isEmpty ? nil : median(grams.map(\.gram))
    gramPasses = grams.isEmpty ? nil : median(grams.map(\.passes))
    answer = first.result
  }
}

/// A suite with its input loaded, ready for turns.
struct Stand {
  let task: Suite.Task
  private let read: Read

  struct Turn: Codable {
    var seconds: Double
    var readSeconds: Double
    var gramSeconds: Double?
    var answer: Suite.Answer
  }

  init(_ suite: Suite, data: BenchmarkData, engine: Engine) throws {
    task = try suite.prepare(Input(data: data, engine: engine))
    read = try Read(of: suite.columns, from: try data.table(suite.columns))
  }

  func turn() throws -> Turn {
    let reading = try timed { try read.run() }
    let gram = try task.gramPass.map { try timed($0) }
    let work = try timed(task.run)
    guard reading.seconds > 0, work.seconds > 0, reading.result.isFinite || reading.result.isNaN else {
      throw ImmerseError(.failure, "a clock that stands still: a measured time is zero")
    }
    return Turn(
      seconds: work.seconds, readSeconds: reading.seconds, gramSeconds: gram?.seconds, answer: work.result)
  }
}

func timed<Result>(_ work: () throws -> Result) rethrows -> (result: Result, seconds: Double) {
  let start = ContinuousClock.now
  let result = try work()
  let (seconds, attoseconds) = (ContinuousClock.now - start).components
  return (result, Double(seconds) + Double(attoseconds) * 1e-18)
}

func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  guard let last = sorted.last else { return .nan }
  let half = sorted.count / 2
  return sorted.count.isMultiple(of: 2) ? (sorted[half - 1] + sorted[half]) / 2 : min(sorted[half], last)
}
