import LinearAlgebra
import ModelFormula

/// Degrees of freedom by counting: those of the groups between which a fixed effect is estimated.
///
/// A column belongs to the highest level over whose groups its effect varies at random, else to the highest level within
/// whose groups it is constant, else to the rows; the intercept to the top level. With m_l groups at level l (one above
/// the top) and p_l columns that belong to it, level l leaves m_l − m_(l+1) − p_l, as Pinheiro and Bates (2000, 2.4.2)
/// count them, save that random slopes are counted as SAS does. Contrasts take the least of their columns.
struct Containment: SmallSample {
  /// By fixed column.
  let degreesOfFreedom: [Double]

  init(_ model: LinearMixedModel) {
    let depth = model.levels.count
    let counts = [model.grams.rowCount] + model.levels.map(\.count) + [1]
    var members = [Int](repeating: 0, count: depth + 1)
    let constant = model.highestConstantLevels()
    let levels = model.fixed.enumerated().map { index, column in
      let name = model.grams.frame.columns[column].name
      let random = model.levels.lastIndex { $0.effects.names.contains(name) }.map { $0 + 1 }
      return max(random ?? 0, constant[index])
    }
    for level in levels { members[level] += 1 }
    // The intercept is one of the top level's members and takes the place of the one group above it.
    let hasIntercept = model.fixed.contains { model.grams.frame.columns[$0].isIntercept }
    degreesOfFreedom = levels.map { level in
      let above = level == depth ? (hasIntercept ? 0 : 1) : counts[level + 1]
      return Double(max(1, counts[level] - above - members[level]))
    }
  }

  func degreesOfFreedom(_ contrast: [Double]) -> Double {
    zip(contrast, degreesOfFreedom).filter { $0.0 != 0 }.map(\.1).min() ?? .infinity
  }

  func denominator(_ contrasts: Matrix) -> (scale: Double, degreesOfFreedom: Double) {
    let all = (0..<contrasts.columns).map { degreesOfFreedom(contrasts.column($0)) }
    return (1, all.min() ?? .infinity)
  }
}

extension LinearMixedModel {
  /// For each fixed column the highest level within whose groups it is constant, counted from 1 for the lowest; 0 where
  /// it varies within these.
  fileprivate func highestConstantLevels() -> [Int] {
    let frame = grams.frame
    guard let intercept = frame.columns.firstIndex(where: \.isIntercept) else { return fixed.map { _ in 0 } }
    func element(_ group: Int, _ a: Int, _ b: Int) -> Double {
      grams.grams[group * packedCount(frame.columns.count) + packed(max(a, b), min(a, b))]
    }
    return fixed.map { column in
      if column == intercept { return levels.count }
      var sums = (0..<grams.sizes.count).map { element($0, intercept, intercept) }
      var means = (0..<sums.count).map { element($0, column, intercept) }
      var squares = (0..<sums.count).map { element($0, column, column) }
      for (depth, level) in levels.enumerated() {
        let isConstant = sums.indices.allSatisfy { group in
          let rest = squares[group] - means[group] * means[group] / sums[group]
          return rest <= 1e-10 * max(squares[group], sums[group] * 1e-6)
        }
        if !isConstant { return depth }
        var above = Array(repeating: (0.0, 0.0, 0.0), count: level.parentCount)
        for (group, parent) in level.parents.enumerated() {
          above[parent].0 += sums[group]
          above[parent].1 += means[group]
          above[parent].2 += squares[group]
        }
        (sums, means, squares) = (above.map(\.0), above.map(\.1), above.map(\.2))
      }
      return levels.count
    }
  }
}
