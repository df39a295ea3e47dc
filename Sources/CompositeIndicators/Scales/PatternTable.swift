import Columnar
import Streaming

/// How often each pattern of answers occurs in each group, and with which weight.
struct PatternTable: Sendable {
  /// Item by item: 0 for no answer, else one more than the category.
  var codes: [[UInt8]] = []
  /// Pattern by pattern, one value for each group.
  var weights: [[Double]] = []
  var counts: [[Int]] = []
}

/// Gathers the patterns of answers in one pass.
struct PatternFit: Fit {
  let calibration: ScaleCalibration
  let groups: [String]

  var columns: [ColumnRequest] {
    calibration.items.map { .number($0) } + (calibration.weights.map { [.number($0)] } ?? [])
      + (calibration.group.map { [.category($0)] } ?? [])
  }

  var signature: String {
    "patterns;\(calibration.items);\(calibration.reversed);\(calibration.minimum);\(calibration.maximum);\(groups)"
  }

  func makePartial() -> PatternPartial { PatternPartial(calibration, groups: max(groups.count, 1)) }

  /// Patterns in the order of their codes, so that no order of rows shows.
  func finish(_ partial: PatternPartial) throws(ImmerseError) -> PatternTable {
    let order = partial.table.codes.indices.sorted {
      partial.table.codes[$0].lexicographicallyPrecedes(partial.table.codes[$1])
    }
    return PatternTable(
      codes: order.map { partial.table.codes[$0] }, weights: order.map { partial.table.weights[$0] },
      counts: order.map { partial.table.counts[$0] })
  }
}

struct PatternPartial: Partial {
  private let scale: ResponseScale
  private let weightName: String?
  private let groups: Int
  private(set) var table = PatternTable()
  private var places: [[UInt8]: Int] = [:]

  init(_ calibration: ScaleCalibration, groups: Int) {
    scale = calibration.uncalibrated
    weightName = calibration.weights
    self.groups = groups
  }

  mutating func absorb(_ batch: Batch) throws(ImmerseError) {
    let patterns = try AnswerPatterns(batch, scale)
    let weights = try batch.checkedWeights(weightName)
    var codes: Buffer<Int32>?
    if let group = scale.group { codes = try batch.categories(group).codes }
    let own = patterns.codes.map { place(of: $0) }
    for row in 0..<batch.rowCount {
      let weight = weights?[row] ?? 1
      let group = codes.map { Int($0[row]) } ?? 0
      let pattern = Int(patterns.numbers[row])
      guard group >= 0, weight > 0, let place = own[pattern] else { continue }
      table.weights[place][group] += weight
      table.counts[place][group] += 1
    }
  }

  /// Nil for a pattern without an answer: it says nothing of the items.
  private mutating func place(of codes: [UInt8]) -> Int? {
    if let known = places[codes] { return known }
    guard codes.contains(where: { $0 > 0 }) else { return nil }
    places[codes] = table.codes.count
    table.codes.append(codes)
    table.weights.append(Array(repeating: 0, count: groups))
    table.counts.append(Array(repeating: 0, count: groups))
    return table.codes.count - 1
  }

  mutating func merge(_ other: PatternPartial) throws(ImmerseError) {
    for (index, codes) in other.table.codes.enumerated() {
      guard let place = place(of: codes) else { continue }
      for group in 0..<groups {
        table.weights[place][group] += other.table.weights[index][group]
        table.counts[place][group] += other.table.counts[index][group]
      }
    }
  }

  func write(to blob: inout BlobWriter) {
    blob.write(table.codes.flatMap { $0.map { Int($0) } })
    blob.write(table.weights.flatMap(\.self))
    blob.write(table.counts.flatMap(\.self))
  }

  mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
    let (codes, weights, counts) = (try blob.integers(), try blob.doubles(), try blob.integers())
    let width = scale.items.count
    guard codes.count % width == 0, weights.count == codes.count / width * groups, counts.count == weights.count,
      codes.allSatisfy({ (0...255).contains($0) })
    else { throw .brokenPartial }
    for index in 0..<(codes.count / width) {
      guard let place = place(of: codes[index * width..<(index + 1) * width].map { UInt8($0) }) else {
        throw .brokenPartial
      }
      for group in 0..<groups {
        table.weights[place][group] += weights[index * groups + group]
        table.counts[place][group] += counts[index * groups + group]
      }
    }
  }
}
