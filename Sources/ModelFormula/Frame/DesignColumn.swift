/// One column of a design: a product of numbers and level indicators of the row; the empty product is the intercept.
public struct DesignColumn: Sendable, Hashable {
  /// A factor of the product.
  public struct Part: Sendable, Hashable {
    /// A position in the frame's variables.
    public let variable: Int
    /// The level whose indicator it is; nil for a number.
    public let level: Int32?
  }

  /// The column as R names it: `(Intercept)`, `age`, `sexM`, `sexM:age`.
  public let name: String
  public let parts: [Part]

  public var isIntercept: Bool { parts.isEmpty }

  static let intercept = DesignColumn(name: "(Intercept)", parts: [])

  public static func == (a: DesignColumn, b: DesignColumn) -> Bool { a.parts == b.parts }
  public func hash(into hasher: inout Hasher) { hasher.combine(parts) }
}

extension Terms {
  /// The design columns of the terms in R's order: the levels of a term's first variable vary fastest.
  ///
  /// A category is coded by treatment contrasts with its first level as the reference, or by an indicator for every level
  /// where the model lacks the margin that the reference would stand for. The rule is that of R's `terms.formula` and
  /// `model.matrix`: contrasts where an earlier term holds all other variables of the term; and without an
  /// intercept the first category of the model gets every level.
  func designColumns(_ position: (Variable) -> Int, levels: (Variable) -> [String]?) -> [DesignColumn] {
    var columns = hasIntercept ? [DesignColumn.intercept] : []
    var owesFullCoding = !hasIntercept
    for (index, term) in terms.enumerated() {
      var products = [(labels: [String](), parts: [DesignColumn.Part]())]
      for variable in term.variables {
        var choices: [(label: String, part: DesignColumn.Part)]
        if let levels = levels(variable) {
          let rest = Set(term.variables).subtracting([variable])
          let hasMargin = rest.isEmpty || terms[..<index].contains { rest.isSubset(of: $0.variables) }
          let all = owesFullCoding || !hasMargin
          owesFullCoding = false
          choices = levels.indices.dropFirst(all ? 0 : 1).map { level in
            (variable.label + levels[level], DesignColumn.Part(variable: position(variable), level: Int32(level)))
          }
        } else {
          choices = [(variable.label, DesignColumn.Part(variable: position(variable), level: nil))]
        }
        products = choices.flatMap { choice in
          products.map { ($0.labels + [choice.label], $0.parts + [choice.part]) }
        }
      }
      columns += products.map { DesignColumn(name: $0.labels.joined(separator: ":"), parts: $0.parts) }
    }
    return columns
  }
}
