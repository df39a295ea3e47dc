import Columnar
import LinearAlgebra
import ModelFormula
import RealModule

/// The likelihood of a Gaussian mixed model of crossed factors as a function of θ.
///
/// The matrix T = I + Λ'Z'ZΛ of all random effects is factored by blocks, as in MixedModels.jl: the factor with most
/// effects, the head, has a block diagonal of its own; what it leaves of the other factors, the tail, is dense. Blocks
/// between head and tail are stored for the pairs of groups that occur only.
///
///     T = [T₀₀ T₀₁; T₁₀ T₁₁]    T₀₀ = L₀L₀'    B = L₀⁻¹T₀₁    L₁L₁' = T₁₁ − B'B
///     C₀ = L₀⁻¹Λ₀'Z₀'[X y]    C₁ = L₁⁻¹(Λ₁'Z₁'[X y] − B'C₀)    R = [X y]'[X y] − C₀'C₀ − C₁'C₁
///
/// One evaluation costs O(pairs · effects of the tail per group + tail³), whatever the number of rows.
struct CrossedModel: Sendable {
  let grams: CrossedGrams
  let isRestricted: Bool
  /// The frame's columns of the fixed effects that are estimated, and of those that depend on earlier ones.
  let fixed: [Int]
  let dependent: [Int]
  /// What a head group shares with the tail.
  let links: [Link]
  /// The links of head group j are those from `starts[j]` to `starts[j + 1]`; and its scalar columns, one for each
  /// effect of its partners, from `columnStarts[j]`.
  let starts: [Int]
  let columnStarts: [Int]
  /// The position in the tail of each scalar column.
  let columnPositions: [Int]
  /// The first scalar column of each pair of the head with another factor, by pairs of factors.
  let pairColumns: [[Int]]
  /// Where each factor's effects begin in the tail; the head's is not used.
  let tailOffsets: [Int]
  let tailCount: Int
  /// Of each factor, so that inner loops need not ask the factor.
  let carrierCounts: [Int]
  let effectCounts: [Int]

  struct Link: Sendable {
    let factor: Int
    let group: Int
    /// Where the pair's block begins in the pairs' blocks.
    let block: Int
    let pairs: Int
  }

  var factors: [CrossedGrams.Factor] { grams.factors }
  /// The columns of the fixed effects and the response.
  var columns: [Int] { fixed + [grams.frame.response] }
  var degreesOfFreedom: Double { isRestricted ? grams.size - Double(fixed.count) : grams.size }

  init(_ grams: CrossedGrams) throws(ImmerseError) {
    self.grams = grams
    isRestricted = grams.plan.method == .reml
    let frame = grams.frame
    let dependentPositions = grams.pooled.submatrix(rows: frame.fixed, columns: frame.fixed).dependentColumns()
    dependent = dependentPositions.map { frame.fixed[$0] }
    fixed = frame.fixed.indices.filter { !dependentPositions.contains($0) }.map { frame.fixed[$0] }
    try Identification(
      frame: frame, factors: grams.factors.map { ($0.factor.label, $0.count, $0.effects) },
      rowCount: Int(grams.size), fixedCount: fixed.count, pooled: grams.pooled, size: grams.size
    ).check()

    var offsets = [Int](repeating: 0, count: grams.factors.count)
    var next = 0
    for f in grams.factors.indices.dropFirst() {
      offsets[f] = next
      next += grams.factors[f].count * grams.factors[f].effects.count
    }
    carrierCounts = grams.factors.map(\.carriers)
    effectCounts = grams.factors.map(\.effects.count)
    tailOffsets = offsets
    tailCount = next
    guard next <= Self.tailLimit else {
      throw ImmerseError(
        .usage,
        "\(next) effects of \(grams.factors.dropFirst().map(\.factor.label).joined(separator: ", ")) cross "
          + "those of \(grams.factors[0].factor.label); their dense block is too large",
        remedy: "at most \(Self.tailLimit) can be fitted: leave out the factor with fewer rows a group")
    }

    var byGroup = [[Link]](repeating: [], count: grams.factors[0].count)
    for (index, pairs) in grams.pairs.enumerated() where pairs.first == 0 {
      let size = grams.factors[0].carriers * grams.factors[pairs.second].carriers
      for (k, pair) in pairs.groups.enumerated() {
        byGroup[pair.first].append(Link(factor: pairs.second, group: pair.second, block: k * size, pairs: index))
      }
    }
    var (links, starts, columnStarts, positions): ([Link], [Int], [Int], [Int]) = ([], [0], [0], [])
    var pairColumns = grams.pairs.map { [Int](repeating: 0, count: $0.first == 0 ? $0.groups.count : 0) }
    for own in byGroup {
      for link in own {
        links.append(link)
        let size = grams.factors[0].carriers * grams.factors[link.factor].carriers
        pairColumns[link.pairs][link.block / size] = positions.count
        let q = grams.factors[link.factor].effects.count
        for effect in 0..<q { positions.append(offsets[link.factor] + link.group * q + effect) }
      }
      starts.append(links.count)
      columnStarts.append(positions.count)
    }
    self.links = links
    self.starts = starts
    self.columnStarts = columnStarts
    columnPositions = positions
    self.pairColumns = pairColumns
  }

  /// A dense block of this many rows takes 3.2 GB, and its factor some minutes.
  private static let tailLimit = 20_000
}
