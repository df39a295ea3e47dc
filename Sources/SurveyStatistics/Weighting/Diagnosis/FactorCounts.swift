import Columnar
import RealModule
import Streaming

/// How many rows have which g, in bins of equal ratio: counts that merge, from which a picture is made in the end.
struct FactorCounts: Sendable {
  /// Bins to an octave while counting.
  private static let resolution = 64
  /// By bin, numbered from g = 1.
  private var counts: [Int: Int] = [:]

  mutating func add(_ factor: Double) {
    let place = (Double.log2(factor) * Double(FactorCounts.resolution)).rounded(.down)
    if place.isFinite { counts[Int(place), default: 0] += 1 }
  }

  mutating func merge(_ other: FactorCounts) { counts.merge(other.counts, uniquingKeysWith: +) }

  /// At most twelve bins, without gaps, whose bounds are powers of one ratio; 1 is a bound.
  var bins: [DiagnosisResult.FactorBin] {
    guard let first = counts.keys.min(), let last = counts.keys.max() else { return [] }
    var width = 1
    func bin(_ place: Int) -> Int { Int((Double(place) / Double(width)).rounded(.down)) }
    while bin(last) - bin(first) >= 12 { width *= 2 }
    var sums = [Int](repeating: 0, count: bin(last) - bin(first) + 1)
    for (place, count) in counts { sums[bin(place) - bin(first)] += count }
    return sums.enumerated().map { index, count in
      func bound(_ step: Int) -> Double {
        Double.exp2(Double((bin(first) + index + step) * width) / Double(FactorCounts.resolution))
      }
      return .init(from: bound(0), to: bound(1), count: count)
    }
  }

  func write(to blob: inout BlobWriter) {
    let places = counts.keys.sorted()
    blob.write(places)
    blob.write(places.map { counts[$0] ?? 0 })
  }

  mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
    let (places, values) = (try blob.integers(), try blob.integers())
    // Of the smallest and the largest number.
    let ends = (-1074 * FactorCounts.resolution)...(1024 * FactorCounts.resolution)
    guard places.count == values.count, Set(places).count == places.count, places.allSatisfy(ends.contains),
      values.allSatisfy(\.isRowCount)
    else { throw .brokenPartial }
    counts = Dictionary(uniqueKeysWithValues: zip(places, values))
  }
}
