import Columnar

/// What a mixed model is fitted to: the cross-products of the rows, by nested or by crossed groups.
public struct ModelGrams: Sendable {
  enum Structure: Sendable {
    case nested(NestedGrams)
    case crossed(CrossedGrams)
  }

  let structure: Structure

  /// - Throws: `badData` where no row is left or weights are not constant within their groups, `usage` where factors
  ///   cross and the request asks for what only nested ones have.
  init(_ partial: GramPartial, of fit: GramFit) throws(ImmerseError) {
    guard partial.rowCounts.contains(where: { $0 > 0 }) else {
      throw ImmerseError(
        .badData, "no row has a value in every variable of the model", remedy: "look at the missing values")
    }
    if let nested = try NestedGrams(partial, of: fit) {
      structure = .nested(nested)
    } else {
      structure = .crossed(try CrossedGrams(partial, of: fit))
    }
  }
}
