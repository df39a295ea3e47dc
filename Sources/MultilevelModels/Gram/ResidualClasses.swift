import Columnar
import ModelFormula

/// The parts of the lowest groups whose rows have one residual variance each.
struct ResidualClasses: Sendable {
  let column: String
  /// The classes among the rows used; the first is the one the others are compared with.
  let names: [String]
  /// The lowest group and the class of each part.
  let groups: [Int]
  let classes: [Int]
  /// Packed lower triangles over the frame's columns, and sums of weights, for each part.
  let grams: [Double]
  let sizes: [Double]

  /// - Throws: `badData` where there is one class only.
  init(
    _ name: String, _ partial: GramPartial, _ fit: GramFit, _ nesting: Nesting, factors: [Double]
  ) throws(ImmerseError) {
    let position = fit.frame.groups.firstIndex { $0.name == name } ?? 0
    let levels = fit.frame.groups[position].levels
    let column = partial.cells.codesByColumn()[position]
    let codes = nesting.cells.map { Int(column[$0]) }
    let occurring = Set(codes).sorted()
    guard occurring.count > 1 else {
      throw ImmerseError(
        .badData, "has one level only among the rows used", variable: name,
        remedy: "residual variances that differ need several levels; leave --residual-by out")
    }
    let number = Dictionary(uniqueKeysWithValues: occurring.enumerated().map { ($1, $0) })
    self.column = name
    names = occurring.map { levels[$0] }
    groups = nesting.groups
    classes = codes.map { number[$0] ?? 0 }
    let size = packedCount(fit.frame.columns.count)
    var grams: [Double] = []
    grams.reserveCapacity(nesting.cells.count * size)
    for (group, cell) in zip(nesting.groups, nesting.cells) {
      for k in 0..<size { grams.append(factors[group] * partial.grams[cell * size + k]) }
    }
    self.grams = grams
    let isPrecise = fit.plan.request.weightsKind == .precision
    sizes = zip(nesting.groups, nesting.cells).map { group, cell in
      isPrecise
        ? Double(partial.rowCounts[cell])
        : fit.plan.request.weightScaling == .gk
          ? Double(partial.rowCounts[cell]) : factors[group] * partial.weightSums[cell]
    }
  }
}
