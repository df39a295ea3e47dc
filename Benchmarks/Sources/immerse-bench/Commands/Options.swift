import ArgumentParser
import Foundation
import ImmerseStats

struct RunOptions: ParsableArguments {
  @Option(help: "The folder that keeps the generated data.")
  var cache = "cache"

  @Option(help: "Threads to use.")
  var threads = availableProcessors

  var engine: Engine { Engine(threads: threads) }

  func data(rows: Int) -> BenchmarkData { BenchmarkData(rows: rows, place: .cache(cache), engine: engine) }
}

enum Output {
  static func line(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    FileHandle.standardOutput.write(try encoder.encode(value) + Data("\n".utf8))
  }

  static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}

func padded(_ text: String, _ width: Int, left: Bool = false) -> String {
  let space = String(repeating: " ", count: max(0, width - text.count))
  return left ? text + space : space + text
}

func fixed(_ value: Double?, _ digits: Int) -> String {
  guard let value else { return "" }
  return String(format: "%.\(digits)f", value)
}
