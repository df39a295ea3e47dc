import Streaming

/// Which group of one factor each cell belongs to; groups are numbered in the order of their codes.
struct Partition: Sendable {
  let factor: GroupingFactor
  let count: Int
  /// The codes of each group in the factor's columns, side by side.
  let codes: [Int32]
  /// The group of each cell.
  let numbers: [Int]

  /// - Parameter columns: the codes of the cells in each of the factor's columns.
  /// - Complexity: O(cells · columns + groups log groups).
  init(_ factor: GroupingFactor, columns: [[Int32]]) {
    self.factor = factor
    var first = columns.first?.map(Int.init) ?? []
    for column in columns.dropFirst() {
      var index = KeyIndex()
      first = zip(first, column).map { index.insert(KeyIndex.pair($0, Int($1))) }
    }
    // Numbers by first appearance, and a cell of each group.
    var index = KeyIndex()
    var cells: [Int] = []
    let appearance = first.enumerated().map { cell, key -> Int in
      let number = index.insert(UInt64(key))
      if number == cells.count { cells.append(cell) }
      return number
    }
    let order = cells.indices.sorted { a, b in
      for column in columns where column[cells[a]] != column[cells[b]] {
        return column[cells[a]] < column[cells[b]]
      }
      return false
    }
    var position = [Int](repeating: 0, count: order.count)
    for (new, old) in order.enumerated() { position[old] = new }
    numbers = appearance.map { position[$0] }
    codes = order.flatMap { group in columns.map { $0[cells[group]] } }
    count = order.count
  }

  /// The codes of one group.
  func codes(of group: Int) -> ArraySlice<Int32> {
    codes[group * factor.columns.count..<(group + 1) * factor.columns.count]
  }
}

/// Positions in the order of their keys, those of one key as they stood. O(positions + largest key).
func stablySorted(_ positions: [Int], by key: (Int) -> Int) -> [Int] {
  var starts = [0]
  for position in positions {
    let next = key(position) + 1
    if next >= starts.count { starts += [Int](repeating: 0, count: next + 1 - starts.count) }
    starts[next] += 1
  }
  for k in starts.indices.dropFirst() { starts[k] += starts[k - 1] }
  var sorted = [Int](repeating: 0, count: positions.count)
  for position in positions {
    let k = key(position)
    sorted[starts[k]] = position
    starts[k] += 1
  }
  return sorted
}
