import Columnar
import Streaming

/// The distinct patterns of answers of a batch: what is computed once for a pattern serves all its rows.
struct AnswerPatterns {
  /// The pattern of each row.
  let numbers: [Int32]
  /// For each pattern its codes, item by item: 0 for no answer, else one more than the category.
  let codes: [[UInt8]]
  /// For each pattern a key that is the same in every batch; nil where patterns are too long to have one.
  let keys: [UInt64]?

  /// - Throws: `badData` where an answer is not one of the item's categories.
  init(_ batch: Batch, _ scale: ResponseScale) throws(ImmerseError) {
    let count = batch.rowCount
    var columns: [[UInt8]] = []
    for item in scale.items { columns.append(try Self.codes(batch, item, minimum: scale.minimum)) }
    // Codes are packed as digits while they fit; what came before becomes the number of its pattern so far.
    var keys = [UInt64](repeating: 0, count: count)
    var span: UInt64 = 1
    var isWhole = true
    for (column, item) in zip(columns, scale.items) {
      let radix = UInt64(item.categories + 1)
      if span > UInt64(UInt32.max) / radix {
        var index = KeyIndex()
        keys = index.numbers(of: keys).map { UInt64($0) }
        span = UInt64(max(index.count, 1))
        isWhole = false
      }
      pack(column, radix, into: &keys)
      span = span.multipliedReportingOverflow(by: radix).partialValue
    }
    var index = KeyIndex()
    numbers = index.numbers(of: keys)
    var first = [Int](repeating: -1, count: index.count)
    for row in 0..<count where first[Int(numbers[row])] < 0 { first[Int(numbers[row])] = row }
    codes = first.map { row in columns.map { $0[row] } }
    self.keys = isWhole ? index.keys : nil
  }

  private static func codes(_ batch: Batch, _ item: ResponseItem, minimum: Int) throws(ImmerseError) -> [UInt8] {
    let answers = try batch.numbers(item.name)
    var codes = [UInt8](repeating: 0, count: answers.count)
    let stray = answers.withUnsafeBufferPointer { answers in
      codes.withUnsafeMutableBufferPointer { codes in
        encode(answers, from: Double(minimum), categories: item.categories, isReversed: item.isReversed, into: codes)
      }
    }
    if stray > 0 {
      let row = answers.withUnsafeBufferPointer { answers in
        answers.firstIndex { $0 == $0 && !isCategory($0 - Double(minimum), of: item.categories) } ?? 0
      }
      throw ImmerseError(
        .badData,
        "the answer is not one of the \(item.categories) categories from \(minimum) to \(minimum + item.categories - 1)",
        row: batch.firstRow + row, variable: item.name,
        remedy: "declare the code as missing, or correct the scale's minimum or thresholds")
    }
    return codes
  }
}

private func isCategory(_ x: Double, of categories: Int) -> Bool {
  x >= 0 && x < Double(categories) && x == x.rounded()
}

/// 0 for no answer, else one more than the category. Returns how many answers are none of the categories.
private func encode(
  _ answers: UnsafeBufferPointer<Double>, from minimum: Double, categories: Int, isReversed: Bool,
  into codes: UnsafeMutableBufferPointer<UInt8>
) -> Int {
  var stray = 0
  let (top, last) = (Double(categories), Double(categories - 1))
  for row in 0..<answers.count {
    let x = answers[row] - minimum
    // Outside the range, and for no answer, the category is not looked at.
    let isInside = x >= 0 && x < top
    let category = isInside ? x : 0
    let whole = UInt8(truncatingIfNeeded: Int32(category))
    let isWhole = Double(whole) == category
    stray += x == x && !(isInside && isWhole) ? 1 : 0
    codes[row] = isInside ? (isReversed ? UInt8(truncatingIfNeeded: Int32(last)) - whole : whole) + 1 : 0
  }
  return stray
}

private func pack(_ codes: [UInt8], _ radix: UInt64, into keys: inout [UInt64]) {
  codes.withUnsafeBufferPointer { codes in
    keys.withUnsafeMutableBufferPointer { keys in
      for row in 0..<codes.count { keys[row] = keys[row] &* radix &+ UInt64(codes[row]) }
    }
  }
}
