import Columnar
import Streaming

/// The scales of PIAAC's countries, each of which made its replicates by a method of its own.
struct PIAACScales {
  private(set) var byCountry: [String: Double] = [:]

  /// - Throws: `badData` where a country has two methods, or one that is not known.
  init(_ source: any Source, _ names: ColumnNames, country candidates: [String]) throws(ImmerseError) {
    let wanted = ["VEMETHODN", "VENREPS", "VEFAYFAC"].map { names.first([$0]) }
    guard let country = names.first(candidates), let method = wanted[0], let count = wanted[1] else {
      throw ImmerseError(
        .badData, "the preset piaac looks for CNTRYID, VEMETHODN and VENREPS, which the data do not have",
        remedy: "check the file, or describe the design with --weights and --replicates")
    }
    let columns =
      [ColumnRequest.category(country), .number(method), .number(count)] + (wanted[2].map { [.number($0)] } ?? [])
    for index in 0..<source.chunkCount {
      let batch = try source.chunk(index, columns)
      let (countries, methods) = (try batch.categories(country), try batch.numbers(method))
      let (counts, fay) = (
        try batch.numbers(count), try wanted[2].map { c throws(ImmerseError) in try batch.numbers(c) }
      )
      for row in 0..<batch.rowCount {
        guard let name = countries[row] else { continue }
        let scale = PIAACScales.scale(methods[row], counts[row], fay?[row] ?? .nan)
        guard let scale, byCountry[name] == nil || byCountry[name] == scale else {
          throw ImmerseError(
            .badData, "does not say how the replicates of \(name) were made", row: batch.firstRow + row,
            variable: method,
            remedy: "methods are 1 (JK1), 2 (JK2), 3 (BRR) and 4 (Fay), the same in all rows of a country")
        }
        byCountry[name] = scale
      }
    }
  }

  private static func scale(_ method: Double, _ count: Double, _ fay: Double) -> Double? {
    guard count > 1 else { return nil }
    switch method {
    case 1: return (count - 1) / count
    case 2: return 1
    case 3: return 1 / count
    case 4 where fay >= 0 && fay < 1: return 1 / (count * (1 - fay) * (1 - fay))
    default: return nil
    }
  }
}
