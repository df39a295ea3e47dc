import Columnar
import Streaming

/// A reshaping matched with the columns of a table.
struct ReshapePlan: Sendable {
  /// What the index says of each of the long rows that a wide row becomes.
  let indices: [String]
  /// For each long variable, its wide column by index; nil where it has none.
  let columns: [String: [String?]]
  /// The columns that keep their value in all long rows.
  let kept: [String]

  /// - Throws: `usage` where columns do not exist, belong to two variables or leave a name twice.
  init(_ reshape: Reshape, of source: any Source) throws(ImmerseError) {
    if reshape.variables.isEmpty { throw ImmerseError(.usage, "no columns are named that become one") }
    var byIndex: [(index: String, name: String, column: String)] = []
    for variable in reshape.variables {
      let columns = try Self.columns(of: variable, in: source)
      try source.require(columns)
      for (index, column) in zip(Self.indices(of: columns, variable), columns) {
        byIndex.append((index, variable.name, column))
      }
    }
    var owners: [String: String] = [:]
    for (_, name, column) in byIndex {
      if let other = owners.updateValue(name, forKey: column) {
        throw ImmerseError(
          .usage, other == name ? "\(name) names it twice" : "belongs to both \(other) and \(name)", variable: column,
          remedy: "name each column once")
      }
    }
    var seen: Set<String> = []
    let indices = byIndex.map(\.index).filter { seen.insert($0).inserted }
    // Waves are numbers as a rule, of which a variable may lack some.
    self.indices = indices.allSatisfy { Int($0) != nil } ? indices.sorted { (Int($0) ?? 0) < (Int($1) ?? 0) } : indices
    let order = self.indices
    var columns: [String: [String?]] = [:]
    for variable in reshape.variables {
      let own = byIndex.filter { $0.name == variable.name }
      columns[variable.name] = order.map { index in own.first { $0.index == index }?.column }
    }
    self.columns = columns
    kept = source.columnNames.filter { owners[$0] == nil }
    try source.require(reshape.id)
    if let lost = reshape.id.first(where: { !kept.contains($0) }) {
      throw ImmerseError(.usage, "names the rows, and cannot be reshaped too", variable: lost)
    }
    var names = Set(kept)
    for name in reshape.variables.map(\.name) + [reshape.index] where !names.insert(name).inserted {
      throw ImmerseError(
        .usage, "the long table would have two columns of this name", variable: name,
        remedy: "give the variable or the index another name")
    }
  }

  private static func columns(of variable: Reshape.Variable, in source: any Source) throws(ImmerseError) -> [String] {
    if let columns = variable.columns { return try ColumnRange.names(columns) }
    let found = source.columnNames.filter { name in
      let rest = name.dropFirst(variable.name.count)
      return name.hasPrefix(variable.name) && !rest.isEmpty && rest.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
    guard !found.isEmpty else {
      throw ImmerseError(
        .usage, "no column is called by this name and a number", variable: variable.name,
        remedy: "name the columns, as \(variable.name)=first-last")
    }
    return found
  }

  /// What tells columns apart: their names without what all begin and end with.
  private static func indices(of columns: [String], _ variable: Reshape.Variable) -> [String] {
    guard let first = columns.first else { return [] }
    if variable.columns == nil { return columns.map { number(String($0.dropFirst(variable.name.count))) } }
    if columns.count == 1 { return [number(String(first.reversed().prefix { $0.isNumber }.reversed()))] }
    let ends = columns.map { String($0.reversed()) }
    func shared(_ names: [String]) -> Int {
      names.reduce(names[0].count) { count, name in min(count, zip(names[0], name).prefix { $0 == $1 }.count) }
    }
    let (start, end) = (boundary(in: columns, from: shared(columns)), boundary(in: ends, from: shared(ends)))
    return columns.map { name in number(String(name.dropFirst(start).dropLast(end))) }
  }

  /// The last place before a shared beginning's end where no number and no word is cut in two: `pre` and `post`, not `re`
  /// and `ost`.
  private static func boundary(in names: [String], from shared: Int) -> Int {
    let characters = Array(names[0])
    var place = shared
    while place > 0, characters[place - 1].isNumber { place -= 1 }
    let rests = names.map { $0.dropFirst(place) }
    if rests.contains(where: { $0.first?.isLetter == true }) {
      while place > 0, characters[place - 1].isLetter { place -= 1 }
    }
    return place
  }

  /// 1 for 01.
  private static func number(_ text: String) -> String { Int(text).map { "\($0)" } ?? text }
}
