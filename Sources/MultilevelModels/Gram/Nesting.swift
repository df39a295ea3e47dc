import Columnar
import ModelFormula
import Streaming

/// The tree that nested grouping factors form, read from the combinations of groups that occur.
///
/// Level 0 is the lowest. The groups of each level stand in the order of the tree: by the codes of the top group, then of
/// the next, and so on, so that the children of a group are consecutive and no order depends on the rows.
struct Nesting: Sendable {
  struct Level: Sendable {
    let factor: GroupingFactor
    /// The codes of each group in the factor's columns, side by side.
    let codes: [Int32]
    /// The position of each group's parent in the level above; zeros at the top.
    let parents: [Int]

    var count: Int { parents.count }
  }

  let levels: [Level]
  /// The cells in the order of the lowest level's groups, and for each its group.
  let cells: [Int]
  let groups: [Int]

  /// - Returns: nil where two factors cross.
  /// - Throws: `badData` where two factors have the same groups.
  init?(_ index: CellIndex, factors: [GroupingFactor], columns: [String]) throws(ImmerseError) {
    let codes = index.codesByColumn()
    var partitions = factors.map { factor in
      Partition(factor, columns: factor.columns.compactMap { name in columns.firstIndex(of: name).map { codes[$0] } })
    }
    // The more groups a factor has, the lower it stands.
    partitions.sort { $0.count > $1.count }
    for (lower, upper) in zip(partitions, partitions.dropFirst()) {
      guard try Self.isNested(lower, in: upper) else { return nil }
    }
    // By the top factor first; cells of one lowest group by the columns that part it.
    var order = Array(0..<index.count)
    for column in codes.reversed() { order = stablySorted(order) { Int(column[$0]) } }
    for partition in partitions { order = stablySorted(order) { partition.numbers[$0] } }
    cells = order

    // From the lowest level up: the groups in tree order, and for each the first cell it holds.
    var representatives: [Int] = []
    var groups: [Int] = []
    for cell in order {
      if representatives.last.map({ partitions[0].numbers[$0] != partitions[0].numbers[cell] }) ?? true {
        representatives.append(cell)
      }
      groups.append(representatives.count - 1)
    }
    self.groups = groups
    var levels: [Level] = []
    for (depth, partition) in partitions.enumerated() {
      var parents = [Int](repeating: 0, count: representatives.count)
      var next: [Int] = []
      if depth + 1 < partitions.count {
        let above = partitions[depth + 1]
        for (group, cell) in representatives.enumerated() {
          if next.last.map({ above.numbers[$0] != above.numbers[cell] }) ?? true { next.append(cell) }
          parents[group] = next.count - 1
        }
      }
      levels.append(
        Level(
          factor: partition.factor, codes: representatives.flatMap { partition.codes(of: partition.numbers[$0]) },
          parents: parents))
      representatives = next
    }
    self.levels = levels
  }

  private static func isNested(_ lower: Partition, in upper: Partition) throws(ImmerseError) -> Bool {
    var parents = [Int](repeating: -1, count: lower.count)
    for (child, parent) in zip(lower.numbers, upper.numbers) {
      guard parents[child] < 0 || parents[child] == parent else { return false }
      parents[child] = parent
    }
    guard lower.count > upper.count else {
      throw ImmerseError(
        .badData, "\(lower.factor.label) and \(upper.factor.label) are the same groups",
        variable: lower.factor.label, remedy: "keep one of the two random terms")
    }
    return true
  }
}
