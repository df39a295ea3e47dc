/// The rows of a result as a table: nested objects such as `by` spread over columns of their own.
public struct ResultTable: Sendable, Hashable {
  public var columns: [String]
  public var rows: [[JSONValue]]

  public init(columns: [String], rows: [[JSONValue]]) {
    self.columns = columns
    self.rows = rows
  }

  /// Columns in the order in which the rows first name them.
  public init(_ objects: [JSONValue]) {
    let flat = objects.map { ResultTable.flatten($0) }
    var columns: [String] = []
    for members in flat {
      for member in members where !columns.contains(member.key) { columns.append(member.key) }
    }
    self.columns = columns
    rows = flat.map { members in
      columns.map { column in members.first { $0.key == column }?.value ?? .null }
    }
  }

  private static func flatten(_ object: JSONValue) -> [JSONValue.Member] {
    guard case .object(let members) = object else { return [] }
    return members.flatMap { member in
      if case .object(let inner) = member.value { inner } else { [member] }
    }
  }
}
