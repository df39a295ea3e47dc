import Columnar
import Streaming

/// Weighted moments of one numeric column, and counts in bins of equal width between two bounds.
struct Histogram: Fit {
  struct Model: Sendable {
    var sumOfWeights = 0.0
    var mean = 0.0
    var squares = 0.0
    var bins: [Double]

    /// With weights as frequencies that add up to 1: the divisor is the sum of the weights.
    var standardDeviation: Double { (squares / sumOfWeights).squareRoot() }

    /// A bar for each bin, as high as its share of the fullest.
    var text: String {
      let top = bins.max() ?? 0
      let bars = Array("▁▂▃▄▅▆▇█")
      return String(bins.map { $0 == 0 ? " " : bars[min(7, Int($0 / top * 7.999))] })
    }
  }

  let column: String
  let weights: String?
  let range: ClosedRange<Double>
  static let binCount = 10

  var columns: [ColumnRequest] { [.number(column)] + (weights.map { [.number($0)] } ?? []) }
  var signature: String { "histogram of \(column) by \(weights ?? "1") in \(range)" }

  func makePartial() -> Partial { Partial(fit: self) }
  func finish(_ partial: Partial) throws(ImmerseError) -> Model { partial.model }

  struct Partial: Streaming.Partial {
    let fit: Histogram
    var model = Model(bins: Array(repeating: 0, count: Histogram.binCount))

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      let values = try batch.numbers(fit.column)
      let weights = try fit.weights.map { name throws(ImmerseError) in try batch.numbers(name) }
      let (low, width) = (fit.range.lowerBound, fit.range.upperBound - fit.range.lowerBound)
      for row in 0..<values.count {
        let (value, weight) = (values[row], weights?[row] ?? 1)
        guard value.isFinite, weight > 0 else { continue }
        if fit.range.contains(value) {
          let bin = width > 0 ? (value - low) / width * Double(Histogram.binCount) : 0
          model.bins[min(Histogram.binCount - 1, Int(bin))] += weight
        }
        model.sumOfWeights += weight
        let shift = value - model.mean
        model.mean += shift * weight / model.sumOfWeights
        model.squares += weight * shift * (value - model.mean)
      }
    }

    mutating func merge(_ other: Partial) {
      let total = model.sumOfWeights + other.model.sumOfWeights
      guard other.model.sumOfWeights > 0 else { return }
      let shift = other.model.mean - model.mean
      model.squares += other.model.squares + shift * shift * model.sumOfWeights * other.model.sumOfWeights / total
      model.mean += shift * other.model.sumOfWeights / total
      model.sumOfWeights = total
      for bin in model.bins.indices { model.bins[bin] += other.model.bins[bin] }
    }

    func write(to blob: inout BlobWriter) {
      blob.write([model.sumOfWeights, model.mean, model.squares] + model.bins)
    }

    mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
      let numbers = try blob.doubles()
      guard numbers.count == 3 + Histogram.binCount else {
        throw ImmerseError(.badData, "the saved partial is not that of a histogram", remedy: "compute it again")
      }
      (model.sumOfWeights, model.mean, model.squares) = (numbers[0], numbers[1], numbers[2])
      model.bins = Array(numbers[3...])
    }
  }
}

/// How often each level of one column of reasons occurs.
struct ReasonCounts: Fit {
  let column: String

  var columns: [ColumnRequest] { [.category(column)] }
  var signature: String { "counts of \(column)" }

  func makePartial() -> Partial { Partial(column: column) }
  func finish(_ partial: Partial) throws(ImmerseError) -> [String: Int] { partial.counts }

  struct Partial: Streaming.Partial {
    let column: String
    var counts: [String: Int] = [:]

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      let categories = try batch.categories(column)
      var own = [Int](repeating: 0, count: categories.levels.count)
      for code in categories.codes.array where code >= 0 { own[Int(code)] += 1 }
      for (level, count) in zip(categories.levels.names, own) where count > 0 { counts[level, default: 0] += count }
    }

    mutating func merge(_ other: Partial) { counts.merge(other.counts, uniquingKeysWith: +) }

    func write(to blob: inout BlobWriter) {
      blob.write(counts.keys.sorted())
      blob.write(counts.keys.sorted().map { counts[$0] ?? 0 })
    }

    mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
      let names = try blob.strings()
      let own = try blob.integers()
      guard names.count == own.count else {
        throw ImmerseError(.badData, "the saved partial is not that of counts", remedy: "compute it again")
      }
      counts = Dictionary(zip(names, own), uniquingKeysWith: +)
    }
  }
}
