/// The distinct values of a categorical column, in their fixed order; a row holds a level's position, its code.
///
/// Levels are shared by reference, so that two columns can be recognised as coded alike without comparing strings.
public final class Levels: Sendable {
  public let names: [String]
  private let codes: [String: Int32]

  /// - Precondition: no name stands twice.
  public init(_ names: [String]) {
    self.names = names
    codes = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
  }

  /// The distinct `names` in the order in which analyses list them: as numbers where every one is a number, else by
  /// their bytes (the C locale), never by first appearance. O(n log n).
  public convenience init(sorting names: some Sequence<String>) {
    self.init(Levels.sorted(Array(Set(names))))
  }

  public var count: Int { names.count }

  public subscript(code: Int) -> String { names[code] }

  /// The code of a level, or nil where there is no such level. O(1).
  public func code(of name: String) -> Int32? { codes[name] }

  /// The levels as numbers, or nil where one of them is not a number. O(count).
  public var numbers: [Double]? {
    let numbers = names.compactMap { Double($0) }
    return numbers.count == names.count ? numbers : nil
  }

  static func sorted(_ names: [String]) -> [String] {
    let numbers = names.map { Double($0) }
    if numbers.contains(where: { $0 == nil || $0?.isNaN == true }) {
      return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
    return zip(names, numbers).sorted { a, b in
      let (x, y) = (a.1 ?? 0, b.1 ?? 0)
      return x == y ? a.0.utf8.lexicographicallyPrecedes(b.0.utf8) : x < y
    }.map(\.0)
  }
}

extension Levels: Equatable {
  public static func == (a: Levels, b: Levels) -> Bool {
    a === b || a.names == b.names
  }
}
