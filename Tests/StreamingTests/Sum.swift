import Columnar
import Streaming

/// The sum of a column by plain addition, whose rounding shows the order of the terms, and the rows of each level.
struct Sum: Fit {
  struct Model: Equatable {
    var sum: UInt64
    var rows: [Int]
  }

  struct Partial: Streaming.Partial {
    let column: String
    let group: String?
    var sum = 0.0
    var rows: [Int]

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      let numbers = try batch.numbers(column).array
      for (row, number) in numbers.enumerated() where !number.isNaN {
        if number < 0 {
          throw ImmerseError(.badData, "row \(batch.firstRow + row + 1) is negative", variable: column)
        }
        sum += number
      }
      guard let group else { return }
      for code in try batch.categories(group).codes.array where code >= 0 { rows[Int(code)] += 1 }
    }

    mutating func merge(_ other: Partial) throws(ImmerseError) {
      sum += other.sum
      for (index, count) in other.rows.enumerated() { rows[index] += count }
    }

    func write(to blob: inout BlobWriter) {
      blob.write(sum)
      blob.write(rows)
    }

    mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
      sum = try blob.double()
      rows = try blob.integers()
    }
  }

  let column: String
  let group: String?
  let levels: Levels

  init(_ column: String, by group: String? = nil, levels: Levels = Levels([])) {
    self.column = column
    self.group = group
    self.levels = levels
  }

  var columns: [ColumnRequest] { [.number(column)] + (group.map { [.category($0)] } ?? []) }
  var signature: String { "sum of \(column) by \(group ?? "nothing") \(levels.names)" }

  func makePartial() -> Partial {
    Partial(column: column, group: group, rows: Array(repeating: 0, count: levels.count))
  }

  func finish(_ partial: Partial) throws(ImmerseError) -> Model {
    if partial.sum == 0 { throw ImmerseError(.failure, "nothing to sum", variable: column) }
    return Model(sum: partial.sum.bitPattern, rows: partial.rows)
  }
}
