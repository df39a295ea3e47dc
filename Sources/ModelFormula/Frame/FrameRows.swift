public import Columnar
import Expressions

/// The variables of a model frame over the rows of one batch.
public struct FrameRows: Sendable {
  enum Values: Sendable {
    case numbers(Buffer<Double>)
    case codes(Buffer<Int32>)
  }

  public let rowCount: Int
  private let frame: ModelFrame
  private let values: [Values]

  /// - Throws: `badData` where a column is absent or does not hold what the frame expects.
  public init(_ frame: ModelFrame, _ batch: Batch) throws(ImmerseError) {
    var values: [Values] = []
    for origin in frame.origins {
      switch origin {
      case .number(let name): values.append(.numbers(try batch.numbers(name)))
      case .category(let name, let levels):
        values.append(.codes(try batch.categories(name).recoded(to: levels).codes))
      case .expression(let expression): values.append(.numbers(try expression.evaluateNumbers(batch)))
      case .polynomial(let expression, let polynomial):
        let numbers = try expression.evaluateNumbers(batch)
        values.append(.numbers(polynomial.map { numbers.mapped($0.value) } ?? numbers))
      case .centred(let expression, let centre):
        values.append(.numbers(try centre.apply(to: try expression.evaluateNumbers(batch), in: batch)))
      }
    }
    self.frame = frame
    self.values = values
    rowCount = batch.rowCount
  }

  /// The values of a numeric variable.
  public func numbers(_ variable: Int) -> Buffer<Double>? {
    if case .numbers(let buffer) = values[variable] { buffer } else { nil }
  }

  /// The level codes of a categorical variable.
  public func codes(_ variable: Int) -> Buffer<Int32>? {
    if case .codes(let buffer) = values[variable] { buffer } else { nil }
  }

  /// The rows of a range in which no variable is missing, counted from its start; nil where that is all of them.
  ///
  /// - Parameter missing: for each variable, how many rows were left out because of it; a row counts for the first
  ///   variable that it lacks.
  /// - Throws: `badData` where a number is infinite.
  public func completeRows(in range: Range<Int>, missing: inout [Int]) throws(ImmerseError) -> [Int32]? {
    var firstMissing: [Int32]?
    for (index, variable) in values.enumerated() {
      switch variable {
      case .numbers(let buffer):
        try buffer.slice(range).withUnsafeBufferPointer { (numbers) throws(ImmerseError) in
          if allFinite(numbers) { return }
          var first = firstMissing ?? [Int32](repeating: -1, count: range.count)
          for row in numbers.indices where !numbers[row].isFinite {
            guard numbers[row].isNaN else { throw .infinite(frame.variableNames[index]) }
            if first[row] < 0 { first[row] = Int32(index) }
          }
          firstMissing = first
        }
      case .codes(let buffer):
        buffer.slice(range).withUnsafeBufferPointer { codes in
          if noneNegative(codes) { return }
          var first = firstMissing ?? [Int32](repeating: -1, count: range.count)
          for row in codes.indices where codes[row] < 0 && first[row] < 0 { first[row] = Int32(index) }
          firstMissing = first
        }
      }
    }
    guard let firstMissing else { return nil }
    for variable in firstMissing where variable >= 0 { missing[Int(variable)] += 1 }
    return firstMissing.indices.filter { firstMissing[$0] < 0 }.map { Int32($0) }
  }

  /// Writes one design column, shifted and scaled, for the rows of a range.
  ///
  /// - Precondition: `target` has room for the range.
  public func write(
    _ column: DesignColumn, rows: Range<Int>, scale: ColumnScale, to target: UnsafeMutablePointer<Double>
  ) {
    let count = rows.count
    target.update(repeating: 1, count: count)
    for (index, part) in column.parts.enumerated() {
      switch values[part.variable] {
      case .numbers(let buffer):
        buffer.slice(rows).withUnsafeBufferPointer { source in
          if index == 0 {
            for row in 0..<count { target[row] = source[row] }
          } else {
            for row in 0..<count { target[row] *= source[row] }
          }
        }
      case .codes(let buffer):
        buffer.slice(rows).withUnsafeBufferPointer { source in
          switch part.coding {
          case .number: break
          case .indicator(let level):
            for row in 0..<count { target[row] = source[row] == level ? target[row] : 0 }
          case .contrast(let values):
            for row in 0..<count { target[row] *= source[row] < 0 ? 0 : values[Int(source[row])] }
          }
        }
      }
    }
    if scale == .identity { return }
    let (shift, factor) = (scale.shift, 1 / scale.scale)
    for row in 0..<count { target[row] = (target[row] - shift) * factor }
  }
}

/// Whether no value is NaN or infinite; a finite value times 0 is 0.
private func allFinite(_ values: UnsafeBufferPointer<Double>) -> Bool {
  let bytes = UnsafeRawBufferPointer(values)
  var sums = SIMD8<Double>.zero
  var row = 0
  while row + 8 <= values.count {
    sums += bytes.loadUnaligned(fromByteOffset: row * 8, as: SIMD8<Double>.self) * 0
    row += 8
  }
  var sum = sums.sum()
  while row < values.count {
    sum += values[row] * 0
    row += 1
  }
  return sum == 0
}

private func noneNegative(_ codes: UnsafeBufferPointer<Int32>) -> Bool {
  var bits: Int32 = 0
  for code in codes { bits |= code }
  return bits >= 0
}

extension ImmerseError {
  fileprivate static func infinite(_ variable: String) -> ImmerseError {
    ImmerseError(.badData, "holds an infinite number", variable: variable, remedy: "recode it, or leave the row out")
  }
}
