import Streaming

/// The distinct combinations of a cell and the numbers of its rows, with their weight.
struct Patterns: Sendable {
  private let numbers: Int
  /// One index for each number that is looked at in turn: pairs of what came before and the number's own position.
  private var steps: [KeyIndex]
  private var values: [KeyIndex]
  private(set) var cells: [Int] = []
  /// By pattern, its numbers.
  private(set) var records: [Double] = []
  /// By pattern, Σ d and its rows.
  private(set) var weights: [Double] = []
  private(set) var counts: [Double] = []

  init(numbers: Int) {
    self.numbers = numbers
    steps = Array(repeating: KeyIndex(), count: numbers + 2)
    values = Array(repeating: KeyIndex(), count: numbers + 1)
  }

  var count: Int { cells.count }

  func values(of pattern: Int) -> ArraySlice<Double> { records[pattern * numbers..<(pattern + 1) * numbers] }

  /// - Parameter weight: the sum of weights of `count` rows, equal ones where weights are told apart.
  mutating func add(
    cell: Int, _ record: ArraySlice<Double>, weight: Double, count: Double, separatingWeights: Bool
  ) {
    var pattern = steps[0].insert(UInt64(cell))
    for (index, value) in record.enumerated() {
      let position = values[index].insert(value.bitPattern)
      pattern = steps[index + 1].insert(KeyIndex.pair(pattern, position))
    }
    if separatingWeights {
      let position = values[numbers].insert((weight / count).bitPattern)
      pattern = steps[numbers + 1].insert(KeyIndex.pair(pattern, position))
    }
    if pattern == cells.count {
      cells.append(cell)
      records.append(contentsOf: record)
      weights.append(0)
      counts.append(0)
    }
    weights[pattern] += weight
    counts[pattern] += count
  }

  mutating func merge(_ other: Patterns, cells map: [Int], separatingWeights: Bool) {
    for pattern in other.cells.indices {
      add(
        cell: map[other.cells[pattern]], other.values(of: pattern), weight: other.weights[pattern],
        count: other.counts[pattern], separatingWeights: separatingWeights)
    }
  }

  func write(to blob: inout BlobWriter) {
    blob.write(cells)
    blob.write(records)
    blob.write(weights)
    blob.write(counts)
  }

  mutating func read(
    from blob: inout BlobReader, cells cellCount: Int, separatingWeights: Bool
  ) throws(ImmerseError) {
    let (cells, records) = (try blob.integers(), try blob.doubles())
    let (weights, counts) = (try blob.doubles(), try blob.doubles())
    guard records.count == cells.count * numbers, weights.count == cells.count, counts.count == cells.count,
      cells.allSatisfy({ (0..<cellCount).contains($0) })
    else { throw .brokenPartial }
    for pattern in cells.indices {
      add(
        cell: cells[pattern], records[pattern * numbers..<(pattern + 1) * numbers], weight: weights[pattern],
        count: counts[pattern], separatingWeights: separatingWeights)
    }
  }
}
