/// The spread of weighted terms inside a stratum whose rows are its sampling units.
///
/// Held as means and centred sums of products, merged by the formula of Chan, Golub and LeVeque (1983). A record is
/// (rows, K means, K(K + 1)/2 products of the terms i ≤ j, by i).
enum RowMoments {
  static func recordWidth(terms: Int) -> Int { 1 + terms + terms * (terms + 1) / 2 }

  /// Adds one row, given its weighted terms.
  static func add(_ row: UnsafePointer<Double>, terms: Int, to record: UnsafeMutablePointer<Double>) {
    record[0] += 1
    let means = record + 1
    var products = record + recordWidth(terms: terms)
    // From the last term to the first, so that the later ones' means are already those with this row.
    for i in stride(from: terms - 1, through: 0, by: -1) {
      products -= terms - i
      let deviation = row[i] - means[i]
      means[i] += deviation / record[0]
      for j in i..<terms { products[j - i] += deviation * (row[j] - means[j]) }
    }
  }

  static func merge(
    _ other: UnsafePointer<Double>, terms: Int, into record: UnsafeMutablePointer<Double>
  ) {
    guard other[0] > 0 else { return }
    let total = record[0] + other[0]
    let share = record[0] * other[0] / total
    let (means, others) = (record + 1, other + 1)
    var position = 1 + terms
    for i in 0..<terms {
      let deviation = others[i] - means[i]
      for j in i..<terms {
        record[position] += other[position] + deviation * (others[j] - means[j]) * share
        position += 1
      }
    }
    for i in 0..<terms { means[i] += (others[i] - means[i]) * other[0] / total }
    record[0] = total
  }
}

/// The same of a value and a denominator, for the loop over rows.
struct PairMoments {
  var count = 0.0
  var meanX = 0.0
  var meanD = 0.0
  var xx = 0.0
  var xd = 0.0
  var dd = 0.0

  /// Adds one row.
  mutating func add(_ x: Double, _ d: Double) {
    count += 1
    let (dx, ddelta) = (x - meanX, d - meanD)
    meanX += dx / count
    meanD += ddelta / count
    xx += dx * (x - meanX)
    xd += dx * (d - meanD)
    dd += ddelta * (d - meanD)
  }

  /// Adds these rows to a record of two terms.
  func merge(into record: UnsafeMutablePointer<Double>) {
    withUnsafeBytes(of: (count, meanX, meanD, xx, xd, dd)) { bytes in
      guard let own = bytes.assumingMemoryBound(to: Double.self).baseAddress else { return }
      RowMoments.merge(own, terms: 2, into: record)
    }
  }
}
