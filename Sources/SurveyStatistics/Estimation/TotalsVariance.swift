import Columnar
import Streaming

/// A lowest unit's part of a domain.
struct TotalsCell {
  let leaf: Int
  let cell: Int
}

extension TotalsPartial {
  /// The cells of each domain, in ascending order of the domain's key.
  var cellsByDomain: [(key: Int, cells: [TotalsCell])] {
    var byDomain: [Int: [TotalsCell]] = [:]
    for (cell, key) in cells.keys.enumerated() {
      let (leaf, domain) = KeyIndex.parts(key)
      byDomain[domain, default: []].append(TotalsCell(leaf: leaf, cell: cell))
    }
    return byDomain.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}

/// The variance of linear combinations of the totals of a pass, of one statistic in any number of domains.
struct TotalsVariance {
  /// factor · gradient'T, with T the totals of the statistic over the cells.
  struct Part {
    let statistic: Int
    /// The key of the domain, and its cells.
    let domain: Int
    let cells: [TotalsCell]
    let factor: Double
    let gradient: [Double]
  }

  private let totals: TotalsPartial
  private let frame: DesignFrame
  private let taylor: TaylorVariance
  private let residuals: WeightResiduals?
  /// By statistic, where its terms begin among those of all.
  private let firstTerms: [Int]

  /// - Throws: `failure` where the margins cannot be projected out.
  init(_ totals: TotalsPartial, _ frame: DesignFrame) throws(ImmerseError) {
    self.totals = totals
    self.frame = frame
    taylor = TaylorVariance(frame: frame)
    residuals = try totals.weighting.map { c throws(ImmerseError) in try WeightResiduals(c) }
    firstTerms = totals.layout.widths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
  }

  /// - Throws: `badData` where a list has one unit and the design says to fail.
  func variance(of parts: [Part]) throws(ImmerseError) -> ScaledVariance {
    if frame.parents.isEmpty {
      let scale = ScaledVariance.scale(of: parts.flatMap { part in part.gradient.map { part.factor * $0 } })
      return ScaledVariance(variance: try taylor.variance(ofRows: rowMoments(parts, scale: scale)), scale: scale)
    }
    let (z, added) = try unitTotals(parts)
    let scale = ScaledVariance.scale(of: z.units.map { z.values[$0] } + added)
    let variance = try taylor.variance(of: scale == 1 ? z : z.divided(by: scale))
    return ScaledVariance(variance: added.reduce(variance) { $0 + $1 / scale * ($1 / scale) }, scale: scale)
  }

  /// z = Σ factor · gradient'T of every lowest unit, less what weighting steps fix, and the standard errors that estimated
  /// totals add.
  private func unitTotals(_ parts: [Part]) throws(ImmerseError) -> (z: UnitTotals, added: [Double]) {
    var z = UnitTotals(count: totals.tree.leafCount)
    for part in parts {
      for cell in part.cells {
        let record = totals.layout.sums(cell.cell, part.statistic) + TotalsLayout.head
        var influence = 0.0
        for (index, derivative) in part.gradient.enumerated() { influence += derivative * totals.sums[record + index] }
        z.add(influence * part.factor, to: cell.leaf)
      }
    }
    let added = try residuals?.subtract(
      parts.map { part in
        WeightResiduals.Part(
          domain: part.domain,
          derivatives: part.gradient.enumerated().map {
            (term: firstTerms[part.statistic] + $0, value: part.factor * $1)
          })
      }, from: &z)
    return (z, added ?? [])
  }

  /// Where rows are units: the moments of the rows that lie in a domain, combined with the zeros of those that do not.
  ///
  /// The parts are of one statistic, in domains that share no row.
  private func rowMoments(_ parts: [Part], scale: Double) -> [TaylorVariance.ListMoments] {
    var inside = UnitTotals(count: totals.tree.leafCount)
    var sums = inside
    var squares = inside
    var present = inside
    for part in parts {
      let gradient = scale == 1 ? part.gradient : part.gradient.map { $0 / scale }
      let terms = gradient.count
      for cell in part.cells {
        let record = totals.layout.moments(cell.cell, part.statistic)
        var (mean, spread) = (0.0, 0.0)
        var product = record + 1 + terms
        for (i, derivative) in gradient.enumerated() {
          mean += derivative * totals.moments[record + 1 + i]
          for j in i..<terms {
            spread += (i == j ? 1 : 2) * derivative * gradient[j] * totals.moments[product]
            product += 1
          }
        }
        mean *= part.factor
        let count = totals.moments[record]
        inside.add(part.factor * part.factor * spread, to: cell.leaf)
        sums.add(count * mean, to: cell.leaf)
        squares.add(count * mean * mean, to: cell.leaf)
        present.add(count, to: cell.leaf)
      }
    }
    return sums.units.map { stratum in
      let sum = sums.values[stratum]
      let between = squares.values[stratum] - sum * sum / Double(frame.sampled[0][stratum])
      return TaylorVariance.ListMoments(
        list: stratum, sum: sum, squares: max(0, inside.values[stratum]) + max(0, between),
        present: Int(present.values[stratum]))
    }
  }
}

/// A variance in units of the square of a scale: the squares of very large or small numbers are none a Double can hold.
struct ScaledVariance {
  let variance: Double
  let scale: Double

  static let undefined = ScaledVariance(variance: .nan, scale: 1)

  var standardError: Double { variance.squareRoot() * scale }

  /// The variance as a plain number; nil where a Double cannot hold it.
  var unscaled: Double? {
    let plain = variance * scale * scale
    return plain.isFinite ? plain : nil
  }

  /// The variance in units of the square of another scale.
  func variance(inUnitsOf other: Double) -> Double { variance * (scale / other) * (scale / other) }

  /// The variance over another.
  func ratio(to other: Double) -> Double { variance / other * scale * scale }

  /// 1 for all numbers whose squares are at ease, else a power of two near the largest of them.
  static func scale(of values: [Double]) -> Double {
    let largest = values.reduce(0) { max($0, $1.magnitude) }
    let isAtEase = largest == 0 || !largest.isFinite || (1e-100...1e100).contains(largest)
    return isAtEase ? 1 : largest.binade
  }
}
