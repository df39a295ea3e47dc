public import Columnar
public import Streaming

/// Adds a scale score to every respondent; missing where too few items were answered.
public struct ScaleScore: Transform, Equatable {
  public let name: String
  public let scale: ItemScale

  public init(_ name: String, _ scale: ItemScale) {
    self.name = name
    self.scale = scale
  }

  public var inputs: [ColumnRequest] { scale.items.map { .number($0) } }
  public var outputs: [Field] { [Field(name, .float64)] }

  /// - Throws: `usage` where the scale contradicts itself, `badData` where an answer lies outside its range.
  public func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    try scale.check(name)
    var sum = [Double](repeating: 0, count: batch.rowCount)
    var answered = [Double](repeating: 0, count: batch.rowCount)
    for item in scale.items {
      let answers = try batch.numbers(item)
      try checkRange(answers, item, batch)
      let isReversed = scale.reversed.contains(item)
      let turn = isReversed ? (scale.minimum ?? 0) + (scale.maximum ?? 0) : 0
      answers.withUnsafeBufferPointer { addAnswers($0, from: turn, sign: isReversed ? -1 : 1, &sum, &answered) }
    }
    let needed = Double(scale.minimumItems ?? scale.items.count)
    let factor = scale.statistic == .sum ? Double(scale.items.count) : 1
    let cutoff = scale.atLeast
    let score = Buffer<Double>(count: batch.rowCount) { target in
      for row in 0..<target.count {
        let value = answered[row] >= needed ? sum[row] / answered[row] * factor : .nan
        guard let cutoff else {
          target[row] = value
          continue
        }
        target[row] = value.isNaN ? .nan : value >= cutoff ? 100 : 0
      }
    }
    var scored = batch
    scored.set(name, Column(.float64(score)))
    return scored
  }

  private func checkRange(_ answers: Buffer<Double>, _ item: String, _ batch: Batch) throws(ImmerseError) {
    guard let minimum = scale.minimum, let maximum = scale.maximum else { return }
    let stray = answers.withUnsafeBufferPointer { $0.firstIndex { $0 < minimum || $0 > maximum } }
    if let stray {
      throw ImmerseError(
        .badData, "the answer lies outside the scale's range", row: batch.firstRow + stray, variable: item,
        remedy: "declare the code as missing, or correct the least and greatest answer")
    }
  }
}

/// Adds `turn + sign * answer` to the sum of every row that has an answer, and counts it.
private func addAnswers(
  _ answers: UnsafeBufferPointer<Double>, from turn: Double, sign: Double, _ sum: inout [Double],
  _ answered: inout [Double]
) {
  sum.withUnsafeMutableBufferPointer { sum in
    answered.withUnsafeMutableBufferPointer { answered in
      for row in 0..<answers.count {
        let answer = answers[row]
        let isPresent = answer == answer
        sum[row] += isPresent ? turn + sign * answer : 0
        answered[row] += isPresent ? 1 : 0
      }
    }
  }
}
