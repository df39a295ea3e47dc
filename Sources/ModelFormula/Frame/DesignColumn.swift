/// One column of a design: a product of functions of the row's variables; the empty product is the intercept.
public struct DesignColumn: Sendable, Hashable {
  /// A factor of the product.
  public struct Part: Sendable, Hashable {
    /// A position in the frame's variables.
    public let variable: Int
    public let coding: Coding
  }

  /// The number that a variable's value stands for.
  public enum Coding: Sendable, Hashable {
    /// Itself.
    case number
    /// 1 for a level, 0 for the others.
    case indicator(Int32)
    /// A value for each level.
    case contrast([Double])
  }

  /// The column as R names it: `(Intercept)`, `age`, `sexM`, `sexM:age`.
  public let name: String
  /// The term it belongs to, of which a category or a polynomial makes several columns.
  public let term: String
  public let parts: [Part]

  public var isIntercept: Bool { parts.isEmpty }

  static let intercept = DesignColumn(name: "(Intercept)", term: "(Intercept)", parts: [])

  public static func == (a: DesignColumn, b: DesignColumn) -> Bool { a.parts == b.parts }
  public func hash(into hasher: inout Hasher) { hasher.combine(parts) }
}

/// The columns that one variable can contribute to a design.
enum VariableColumns {
  /// Positions in the frame's variables, each with what its column's name ends in.
  case numbers([(suffix: String, variable: Int)])
  case category(variable: Int, levels: [String], Contrast)

  /// - Parameter isFull: whether a category gets an indicator for every level rather than its contrasts.
  func choices(isFull: Bool) -> [(suffix: String, part: DesignColumn.Part)] {
    switch self {
    case .numbers(let numbers):
      numbers.map { ($0.suffix, DesignColumn.Part(variable: $0.variable, coding: .number)) }
    case .category(let variable, let levels, let contrast):
      if isFull || contrast == .treatment {
        levels.indices.dropFirst(isFull ? 0 : 1).map {
          (levels[$0], DesignColumn.Part(variable: variable, coding: .indicator(Int32($0))))
        }
      } else {
        contrast.columns(levelCount: levels.count).map {
          ($0.suffix, DesignColumn.Part(variable: variable, coding: .contrast($0.values)))
        }
      }
    }
  }

  var isCategory: Bool { if case .category = self { true } else { false } }
}

extension Terms {
  /// The design columns of the terms in R's order: the levels of a term's first variable vary fastest.
  ///
  /// A category is coded by its contrasts, or by an indicator for every level where the model lacks the margin that the
  /// contrasts leave out. The rule is that of R's `terms.formula` and `model.matrix`: contrasts where an earlier term
  /// holds all other variables of the term; and without an intercept the first category of the model gets every level.
  func designColumns(_ columnsOf: (Variable) -> VariableColumns) -> [DesignColumn] {
    var columns = hasIntercept ? [DesignColumn.intercept] : []
    var owesFullCoding = !hasIntercept
    for (index, term) in terms.enumerated() {
      var products = [(labels: [String](), parts: [DesignColumn.Part]())]
      for variable in term.variables {
        let own = columnsOf(variable)
        var isFull = false
        if own.isCategory {
          let rest = Set(term.variables).subtracting([variable])
          let hasMargin = rest.isEmpty || terms[..<index].contains { rest.isSubset(of: $0.variables) }
          isFull = owesFullCoding || !hasMargin
          owesFullCoding = false
        }
        products = own.choices(isFull: isFull).flatMap { choice in
          products.map { ($0.labels + [variable.label + choice.suffix], $0.parts + [choice.part]) }
        }
      }
      columns += products.map {
        DesignColumn(name: $0.labels.joined(separator: ":"), term: term.label, parts: $0.parts)
      }
    }
    return columns
  }
}
