import Columnar
import Expressions

/// Terms that are written as calls.
extension FormulaParser {
  /// Degrees above lose their digits in double precision.
  private static let highestDegree = 9
  /// Categories wrapped in one another; bounds the recursion.
  private static let wrapLimit = 8

  func call(_ name: String, _ text: String, at position: Int) throws(ImmerseError) -> Variable {
    let label = "\(name)(\(canonicalSpelling(of: text)))"
    var arguments = CallArguments(text)
    let variable: Variable
    switch name {
    case "factor", "relevel", "C":
      return .category(try category(name, text, label: label, depth: 0, at: position))
    case "poly":
      let argument = try numberText(arguments.take("x"), of: name, at: position)
      guard let degree = Int(arguments.take("degree") ?? "1"), (1...Self.highestDegree).contains(degree) else {
        throw mistake(at: position, "poly( ) takes a degree from 1 to \(Self.highestDegree)")
      }
      let raw = arguments.takeNamed("raw") ?? "FALSE"
      guard ["TRUE", "T", "FALSE", "F"].contains(raw) else { throw mistake(at: position, "raw is TRUE or FALSE") }
      variable = .polynomial(
        Polynomial(argument: argument, degree: degree, isRaw: raw.hasPrefix("T"), label: label))
    case "gmc", "cwc", "group_mean":
      let argument = try numberText(arguments.take("x"), of: name, at: position)
      var group: String?
      if name != "gmc" {
        group = arguments.take("group").flatMap(CallArguments.columnName)
        if group == nil { throw mistake(at: position, "\(name)( ) takes a number and a grouping column") }
      }
      var weights: String?
      if let text = arguments.takeNamed("weights") {
        weights = CallArguments.columnName(text)
        if weights == nil { throw mistake(at: position, "weights = takes one column") }
      }
      variable = .centred(
        Centring(
          argument: argument, result: name == "group_mean" ? .mean : .deviation, group: group, weights: weights,
          label: label))
    default:
      let own = name == "I" ? text : "\(name)(\(text))"
      _ = try Expression(parsing: own)
      return .expression(own, label: label)
    }
    if let left = arguments.left {
      throw mistake(at: position, "\(name)( ) does not know what to do with \(left)")
    }
    return variable
  }

  /// The number that `offset( )` adds.
  func offset(_ text: String, at position: Int) throws(ImmerseError) -> Variable {
    if let column = CallArguments.columnName(text) { return .column(column) }
    _ = try Expression(parsing: text)
    return .expression(text, label: canonicalSpelling(of: text))
  }

  private func numberText(_ argument: String?, of name: String, at position: Int) throws(ImmerseError) -> String {
    guard let argument else { throw mistake(at: position, "\(name)( ) takes a column or an expression") }
    if let column = CallArguments.columnName(argument) { return columnText(column) }
    _ = try Expression(parsing: argument)
    return argument
  }

  /// A category, which may be wrapped in another one: `C(factor(x, levels = c(2, 1)), sum)`.
  private func category(
    _ name: String, _ text: String, label: String, depth: Int, at position: Int
  ) throws(ImmerseError) -> Category {
    var arguments = CallArguments(text)
    let what = arguments.take("x") ?? ""
    var category: Category
    if let column = CallArguments.columnName(what) {
      category = Category(column)
    } else if depth < Self.wrapLimit, let tokens = try? FormulaLexer.tokens(of: what), tokens.count == 2,
      case .call(let inner, let arguments) = tokens[0].kind, ["factor", "relevel", "C"].contains(inner)
    {
      category = try self.category(inner, arguments, label: label, depth: depth + 1, at: position)
    } else {
      throw mistake(at: position, "\(name)( ) takes one column")
    }
    category.label = label
    switch name {
    case "factor":
      if let levels = arguments.take("levels") { category.levels = CallArguments.items(levels) }
    case "relevel":
      guard let reference = arguments.take("ref") else {
        throw mistake(at: position, "relevel( ) takes a column and ref = a level")
      }
      category.reference = CallArguments.unquoted(reference)
    default:
      let contrast = arguments.take("contr") ?? "treatment"
      let bare = contrast.hasPrefix("contr.") ? String(contrast.dropFirst(6)) : contrast
      guard let known = Contrast(rawValue: bare) else {
        throw mistake(
          at: position, "there are no contrasts \(contrast)",
          remedy: "use \(Contrast.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      category.contrast = known
    }
    if let left = arguments.left {
      throw mistake(at: position, "\(name)( ) does not know what to do with \(left)")
    }
    return category
  }
}
