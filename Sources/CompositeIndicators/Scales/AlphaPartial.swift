public import Columnar
public import Streaming

/// Weighted sums and products of every pair of items over the rows that count for the pair.
public struct AlphaPartial: Partial {
  private let items: [String]
  private let weightName: String?
  private let centres: [Double]
  private let missing: MissingAnswers
  /// Rows with an answer to one item at least, or to all in complete cases, and a positive weight.
  private(set) var rows = 0
  // Items by items. Element (a, b) of `sums` is the sum of item a over the rows that also have b; the others are symmetric.
  private var counts: [Double]
  private var weights: [Double]
  private var sums: [Double]
  private var products: [Double]

  init(items: [String], weight: String?, centres: [Double], missing: MissingAnswers) {
    self.items = items
    weightName = weight
    self.centres = centres
    self.missing = missing
    let zeros = [Double](repeating: 0, count: items.count * items.count)
    (counts, weights, sums, products) = (zeros, zeros, zeros, zeros)
  }

  /// The covariance of two items with divisor n - 1, weights rescaled to a mean of 1; nil below two rows.
  func covariance(_ a: Int, _ b: Int) -> Double? {
    let k = items.count
    let (n, w) = (counts[a * k + b], weights[a * k + b])
    guard n > 1, w > 0 else { return nil }
    let centred = products[a * k + b] - sums[a * k + b] * sums[b * k + a] / w
    return centred / w * n / (n - 1)
  }

  public mutating func absorb(_ batch: Batch) throws(ImmerseError) {
    let (n, k) = (batch.rowCount, items.count)
    let weight = try batch.checkedWeights(weightName)?.array ?? Array(repeating: 1, count: n)
    // One column for each item; zero wherever the row does not count for the item.
    var answers = [Double](repeating: 0, count: n * k)
    var present = answers
    var answered = [Int](repeating: 0, count: n)
    for (item, name) in items.enumerated() {
      let values = try batch.numbers(name)
      let centre = centres[item]
      values.withUnsafeBufferPointer { values in
        for row in 0..<n where values[row] == values[row] && weight[row] > 0 {
          answers[item * n + row] = values[row] - centre
          present[item * n + row] = 1
          answered[row] += 1
        }
      }
    }
    let needed = missing == .completeCases ? k : 1
    rows += answered.count { $0 >= needed }
    for row in 0..<n where answered[row] < needed {
      for item in 0..<k { (answers[item * n + row], present[item * n + row]) = (0, 0) }
    }
    add(answers, present, weight)
  }

  private mutating func add(_ answers: [Double], _ present: [Double], _ weight: [Double]) {
    let (n, k) = (weight.count, items.count)
    for a in 0..<k {
      let column = a * n..<(a + 1) * n
      let weightedAnswers = zip(weight, answers[column]).map { $0 * $1 }
      let weightedPresent = zip(weight, present[column]).map { $0 * $1 }
      for b in 0..<k {
        let other = b * n..<(b + 1) * n
        sums[a * k + b] += dot(weightedAnswers[...], present[other])
        products[a * k + b] += dot(weightedAnswers[...], answers[other])
        weights[a * k + b] += dot(weightedPresent[...], present[other])
        counts[a * k + b] += dot(present[column], present[other])
      }
    }
  }

  public mutating func merge(_ other: AlphaPartial) throws(ImmerseError) {
    rows += other.rows
    for cell in counts.indices {
      counts[cell] += other.counts[cell]
      weights[cell] += other.weights[cell]
      sums[cell] += other.sums[cell]
      products[cell] += other.products[cell]
    }
  }

  public func write(to blob: inout BlobWriter) {
    blob.write(Int64(rows))
    for matrix in [counts, weights, sums, products] { blob.write(matrix) }
  }

  public mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
    rows = Int(try blob.integer(Int64.self))
    (counts, weights) = (try blob.doubles(), try blob.doubles())
    (sums, products) = (try blob.doubles(), try blob.doubles())
    let size = items.count * items.count
    guard [counts, weights, sums, products].allSatisfy({ $0.count == size }) else {
      throw ImmerseError(.badData, "the saved partial belongs to a scale of another length")
    }
  }
}

/// Σ x y, on eight accumulators.
private func dot(_ x: ArraySlice<Double>, _ y: ArraySlice<Double>) -> Double {
  x.withUnsafeBufferPointer { x in
    y.withUnsafeBufferPointer { y in
      var sums = SIMD8<Double>.zero
      let whole = x.count & ~7
      for start in stride(from: 0, to: whole, by: 8) {
        var (a, b) = (SIMD8<Double>.zero, SIMD8<Double>.zero)
        for lane in 0..<8 { (a[lane], b[lane]) = (x[start + lane], y[start + lane]) }
        sums += a * b
      }
      var sum = sums.sum()
      for row in whole..<x.count { sum += x[row] * y[row] }
      return sum
    }
  }
}
