/// The distinct values of a categorical column, in their fixed order; a row holds a level's position, its code.
///
/// Levels are shared by reference, so that two columns can be recognised as coded alike without comparing strings.
public final class Levels: Sendable {
  public let names: [String]
  /// Whether the order means something, as that of a codebook or of cut points does; such an order is kept, every
  /// other is sorted when levels are frozen.
  public let isDeclared: Bool
  /// The levels as numbers, or nil where one of them is not a number.
  public let numbers: [Double]?
  private let codes: [String: Int32]

  /// Of names that Unicode counts as equal, though written with different bytes, the first is found by name.
  public init(_ names: [String], isDeclared: Bool = false) {
    self.names = names
    self.isDeclared = isDeclared
    numbers = Levels.numbers(names)
    codes = Dictionary(names.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
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

  /// Ends at the first name that is not a number, so that text costs nothing.
  private static func numbers(_ names: [String]) -> [Double]? {
    var numbers: [Double] = []
    for name in names {
      guard let number = NumberText.number(name) else { return nil }
      numbers.append(number)
    }
    return numbers
  }

  private static func sorted(_ names: [String]) -> [String] {
    guard let numbers = numbers(names) else {
      return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
    return zip(names, numbers).sorted { a, b in
      a.1 == b.1 ? a.0.utf8.lexicographicallyPrecedes(b.0.utf8) : a.1 < b.1
    }.map(\.0)
  }
}

extension Levels: Equatable {
  public static func == (a: Levels, b: Levels) -> Bool {
    a === b || a.names == b.names
  }
}
