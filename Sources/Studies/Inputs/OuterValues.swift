import Columnar
import Streaming

/// The bounds of one numeric column that ten rows lie at or beyond: a single child's value is never one that stands out.
struct OuterValues: Fit {
  struct Model: Sendable {
    /// The tenth smallest and the tenth largest value; nil where there are not twenty.
    var range: ClosedRange<Double>?
  }

  static let threshold = 10

  let column: String

  var columns: [ColumnRequest] { [.number(column)] }
  var signature: String { "outer values of \(column)" }

  func makePartial() -> Partial { Partial(column: column) }

  func finish(_ partial: Partial) throws(ImmerseError) -> Model {
    guard partial.count >= 2 * Self.threshold, let low = partial.smallest.last, let high = partial.largest.last else {
      return Model(range: nil)
    }
    return Model(range: low...high)
  }

  struct Partial: Streaming.Partial {
    let column: String
    fileprivate var count = 0
    /// Ascending, at most ten.
    fileprivate var smallest: [Double] = []
    /// Descending, at most ten.
    fileprivate var largest: [Double] = []

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      try batch.numbers(column).withUnsafeBufferPointer { values in
        for value in values where value.isFinite {
          count += 1
          take(value)
        }
      }
    }

    mutating func merge(_ other: Partial) {
      count += other.count
      smallest = Array((smallest + other.smallest).sorted(by: <).prefix(OuterValues.threshold))
      largest = Array((largest + other.largest).sorted(by: >).prefix(OuterValues.threshold))
    }

    /// Most rows end at the two comparisons.
    @inline(__always) private mutating func take(_ value: Double) {
      if smallest.count < OuterValues.threshold || value < smallest[smallest.count - 1] {
        smallest.insert(value, at: smallest.firstIndex { $0 > value } ?? smallest.count)
        if smallest.count > OuterValues.threshold { smallest.removeLast() }
      }
      if largest.count < OuterValues.threshold || value > largest[largest.count - 1] {
        largest.insert(value, at: largest.firstIndex { $0 < value } ?? largest.count)
        if largest.count > OuterValues.threshold { largest.removeLast() }
      }
    }

    func write(to blob: inout BlobWriter) {
      blob.write(count)
      blob.write(smallest)
      blob.write(largest)
    }

    mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
      count = try blob.integer()
      smallest = try blob.doubles()
      largest = try blob.doubles()
    }
  }
}
