/// The columns of a file, found whatever their case: cycles differ in it.
struct ColumnNames {
  private let byUpperCase: [String: String]

  init(_ columns: [String]) {
    byUpperCase = columns.reduce(into: [:]) { $0[$1.uppercased()] = $0[$1.uppercased()] ?? $1 }
  }

  func first(_ candidates: [String]) -> String? {
    candidates.lazy.compactMap { byUpperCase[$0.uppercased()] }.first
  }

  /// The columns `prefix` 1 to `count` of the first prefix that has them all.
  func range(_ prefixes: [String], count: Int) -> [String]? {
    for prefix in prefixes {
      let names = (1...count).compactMap { first([prefix + String($0)]) }
      if names.count == count { return names }
    }
    return nil
  }
}
