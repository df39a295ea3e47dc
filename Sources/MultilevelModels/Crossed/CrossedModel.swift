import Columnar
import LinearAlgebra
import ModelFormula

/// The likelihood of a Gaussian mixed model of crossed factors as a function of θ.
///
/// The factor with most effects, the head, is eliminated group by group, as a level of nested groups is: from the
/// cross-products A of the columns of all factors and of [X y] it leaves those of the other factors, the tail, and of
/// [X y]. The tail is then one group with a dense system:
///
///     T_j = I + Λ₀'A_jjΛ₀    P_j = Λ₀T_j⁻¹Λ₀'    A ← A − Σ_j A_•j P_j A_j•    over the head's groups
///     S = I + Λ₁'AΛ₁ = LL'    C = L⁻¹Λ₁'A[X y]    R = [X y]'A[X y] − C'C
///
/// What the head's groups share with the tail is stored for the pairs of groups that occur only. One evaluation costs
/// O(Σ_j (tail groups met by j)² + tail³), whatever the number of rows.
struct CrossedModel: Sendable {
  let grams: CrossedGrams
  let isRestricted: Bool
  /// The frame's columns of the fixed effects that are estimated, and of those that depend on earlier ones.
  let fixed: [Int]
  let dependent: [Int]
  let threads: Int
  /// Where each factor's carriers and effects begin in the tail; the head's are not used.
  let carrierOffsets: [Int]
  let effectOffsets: [Int]
  let tailCarriers: Int
  let tailEffects: Int
  let meetings: Meetings

  var factors: [CrossedGrams.Factor] { grams.factors }
  /// The columns of the fixed effects and the response.
  var columns: [Int] { fixed + [grams.frame.response] }
  var degreesOfFreedom: Double { isRestricted ? grams.size - Double(fixed.count) : grams.size }

  init(_ grams: CrossedGrams, threads: Int = 1) throws(ImmerseError) {
    self.grams = grams
    self.threads = threads
    isRestricted = grams.plan.method == .reml
    let frame = grams.frame
    let dependentPositions = grams.pooled.submatrix(rows: frame.fixed, columns: frame.fixed).dependentColumns()
    dependent = dependentPositions.map { frame.fixed[$0] }
    fixed = frame.fixed.indices.filter { !dependentPositions.contains($0) }.map { frame.fixed[$0] }
    try Identification(
      frame: frame, factors: grams.factors.map { ($0.factor.label, $0.count, $0.effects) },
      rowCount: Int(grams.size), fixedCount: fixed.count, pooled: grams.pooled, size: grams.size
    ).check()

    var carrierOffsets = [Int](repeating: 0, count: grams.factors.count)
    var effectOffsets = carrierOffsets
    var (carriers, effects) = (0, 0)
    for (f, factor) in grams.factors.enumerated().dropFirst() {
      (carrierOffsets[f], effectOffsets[f]) = (carriers, effects)
      carriers += factor.count * factor.carriers
      effects += factor.count * factor.effects.count
    }
    guard carriers <= Self.tailLimit else {
      throw ImmerseError(
        .usage,
        "\(carriers) effects of \(grams.factors.dropFirst().map(\.factor.label).joined(separator: ", ")) cross "
          + "those of \(grams.factors[0].factor.label); their dense block is too large",
        remedy: "at most \(Self.tailLimit) can be fitted: leave out the factor with fewer rows a group")
    }
    (self.carrierOffsets, self.effectOffsets) = (carrierOffsets, effectOffsets)
    (tailCarriers, tailEffects) = (carriers, effects)
    meetings = Meetings(grams, offsets: carrierOffsets)
  }

  /// A dense block of this many rows takes 3.2 GB, of which there are three, and its factor some minutes.
  private static let tailLimit = 20_000

  /// Which carriers of the tail each head group meets, in ascending order, with A_•j.
  struct Meetings: Sendable {
    /// Those of head group j from `starts[j]` to `starts[j + 1]`.
    let starts: [Int]
    let positions: [Int32]
    /// A row of head carriers for each.
    let values: [Double]

    init(_ grams: CrossedGrams, offsets: [Int]) {
      let c = grams.factors[0].carriers
      let pairs = grams.pairs.filter { $0.first == 0 }
      var starts = [Int](repeating: 0, count: grams.factors[0].count + 1)
      for pairs in pairs {
        for pair in pairs.groups { starts[pair.first + 1] += grams.factors[pairs.second].carriers }
      }
      for j in starts.indices.dropFirst() { starts[j] += starts[j - 1] }
      var next = starts
      let count = starts[starts.count - 1]
      var positions = [Int32](repeating: 0, count: count)
      var values = [Double](repeating: 0, count: count * c)
      // The factors follow one another in the tail, and the pairs are sorted.
      for pairs in pairs {
        let d = grams.factors[pairs.second].carriers
        for (k, pair) in pairs.groups.enumerated() {
          for y in 0..<d {
            let place = next[pair.first]
            positions[place] = Int32(truncatingIfNeeded: offsets[pairs.second] + pair.second * d + y)
            for z in 0..<c { values[place * c + z] = pairs.blocks[(k * c + z) * d + y] }
            next[pair.first] += 1
          }
        }
      }
      (self.starts, self.positions, self.values) = (starts, positions, values)
    }

    /// Ranges of tail positions, of about the same number of products of two meetings of one head group.
    func ranges(_ count: Int, tail: Int) -> [Range<Int32>] {
      var products = [Int](repeating: 0, count: tail)
      for j in 0..<starts.count - 1 {
        for b in starts[j]..<starts[j + 1] { products[Int(positions[b])] += starts[j + 1] - b }
      }
      let share = products.reduce(0, +) / count + 1
      var ranges: [Range<Int32>] = []
      var (first, sum) = (0, 0)
      for (position, product) in products.enumerated() {
        sum += product
        if sum >= share || position == tail - 1 {
          ranges.append(Int32(first)..<Int32(position + 1))
          (first, sum) = (position + 1, 0)
        }
      }
      return ranges
    }
  }
}
