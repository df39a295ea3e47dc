/// What a formula computes with.
public enum Variable: Sendable, Hashable {
  /// A column, numeric or categorical as its values are.
  case column(String)
  /// A column taken as a category.
  case category(Category)
  /// A number computed from columns; the label is the term as R prints it.
  case expression(String, label: String)
  case polynomial(Polynomial)
  case centred(Centring)

  /// The name by which terms call it.
  public var label: String {
    switch self {
    case .column(let name): name
    case .category(let category): category.label
    case .expression(_, let label): label
    case .polynomial(let polynomial): polynomial.label
    case .centred(let centring): centring.label
    }
  }

  /// As the expression language writes a number that needs nothing but its own row.
  var expressionText: String {
    switch self {
    case .column(let name): columnText(name)
    case .expression(let text, _): text
    case .category(let category): columnText(category.column)
    case .polynomial(let polynomial): polynomial.argument
    case .centred(let centring): centring.argument
    }
  }
}

/// The name of a column as the expression language writes it.
func columnText(_ name: String) -> String {
  "`" + name.split(separator: "`", omittingEmptySubsequences: false).joined(separator: "``") + "`"
}

/// `factor(column)`, `relevel(column, ref = "b")`, `C(column, sum)`: a column taken as a category.
public struct Category: Sendable, Hashable {
  public var column: String
  /// The levels in their order; nil for those of the data in theirs.
  public var levels: [String]?
  /// The level to stand first.
  public var reference: String?
  public var contrast = Contrast.treatment
  public var label: String

  public init(_ column: String) {
    self.column = column
    label = "factor(\(column))"
  }
}

/// How the levels of a category become columns (`contr.treatment`, `contr.sum` and `contr.helmert` of R).
public enum Contrast: String, Sendable, Hashable, CaseIterable {
  /// An indicator for every level but the first.
  case treatment
  /// Deviations from the levels' mean; the last level is −1 in every column.
  case sum
  /// Each level against the mean of those before it.
  case helmert

  /// The columns by their suffix, each with its value for every level; one fewer than there are levels.
  func columns(levelCount: Int) -> [(suffix: String, values: [Double])] {
    (1..<max(1, levelCount)).map { column in
      let values = (0..<levelCount).map { level -> Double in
        switch self {
        case .treatment: level == column ? 1 : 0
        case .sum: level == column - 1 ? 1 : level == levelCount - 1 ? -1 : 0
        case .helmert: level < column ? -1 : level == column ? Double(column) : 0
        }
      }
      return ("\(column)", values)
    }
  }
}

/// `poly(x, degree)`: polynomials of x that are orthonormal over the rows used, as R's, or its powers.
public struct Polynomial: Sendable, Hashable {
  /// x in the expression language.
  public let argument: String
  public let degree: Int
  public let isRaw: Bool
  public let label: String
}

/// `gmc(x)`, `cwc(x, group)` or `group_mean(x, group)`: x centred at a mean over the rows used, or that mean.
public struct Centring: Sendable, Hashable {
  public enum Result: Sendable, Hashable {
    case deviation, mean
  }

  /// x in the expression language.
  public let argument: String
  public let result: Result
  /// The column of groups within which means are taken; nil for the mean of all rows.
  public let group: String?
  /// The column of weights; nil for rows that count alike.
  public let weights: String?
  public let label: String
}
