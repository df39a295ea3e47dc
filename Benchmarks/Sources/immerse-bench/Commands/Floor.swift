import ArgumentParser
import ImmerseStats
import LinearAlgebra

struct Floor: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "read", abstract: "Print the machine's floor: a read in GB/s and a matrix product in GFLOP/s.")

  struct Figures: Codable {
    var readGigabytesPerSecond: Double
    var gigaflopsPerSecond: Double
  }

  func run() throws { try Output.line(try Floor.measure()) }

  /// The best of five, because what is wanted is the machine and not its load.
  static func measure() throws -> Figures {
    let (rows, columns, n) = (1_000_000, 16, 1000)
    let names = (0..<columns).map { "x\($0)" }
    let table = Table(names.map { ($0, Column([Double](repeating: 1, count: rows))) })
    let read = try Read(of: names.map { .number($0) }, from: table)
    let a = Matrix(rows: n, columns: n, elements: [Double](repeating: 0.5, count: n * n))
    var (bestRead, bestProduct) = (Double.infinity, Double.infinity)
    for _ in 0..<5 {
      let reading = try timed { try read.run() }
      let product = try timed { try a * a }
      guard reading.result == Double(rows * columns), product.result[0, 0] == 0.25 * Double(n) else {
        throw ImmerseError(.failure, "the yardstick gives a wrong answer")
      }
      bestRead = min(bestRead, reading.seconds)
      bestProduct = min(bestProduct, product.seconds)
    }
    return Figures(
      readGigabytesPerSecond: Double(read.bytes) / bestRead / 1e9,
      gigaflopsPerSecond: 2 * Double(n * n * n) / bestProduct / 1e9)
  }
}
