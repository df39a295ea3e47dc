/// Which group of one factor each cell belongs to.
struct Partition: Sendable {
  let factor: GroupingFactor
  /// The codes of each group, by number of first appearance.
  var groups: [[Int32]] = []
  /// The group of each cell.
  var numbers: [Int]

  init(_ factor: GroupingFactor, positions: [Int], of cellCodes: [[Int32]]) {
    self.factor = factor
    var index = CellIndex(columnCount: positions.count)
    numbers = []
    numbers.reserveCapacity(cellCodes.count)
    for codes in cellCodes {
      let number = index.insert { codes[positions[$0]] }
      if number == groups.count { groups.append(positions.map { codes[$0] }) }
      numbers.append(number)
    }
  }

  /// Renumbers the groups in the order of their codes.
  mutating func sortGroups() {
    let order = groups.indices.sorted { groups[$0].lexicographicallyPrecedes(groups[$1]) }
    var position = [Int](repeating: 0, count: order.count)
    for (new, old) in order.enumerated() { position[old] = new }
    groups = order.map { groups[$0] }
    numbers = numbers.map { position[$0] }
  }
}
