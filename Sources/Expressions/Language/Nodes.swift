// What a parsed expression consists of. There is one tree type for each type of value, so that a tree that exists can
// be evaluated. Trees are only as deep as the parentheses and functions of the text: a run of operators, which is
// evaluated from left to right, is one node.

/// A number for each row; NaN is missing.
indirect enum Numeric: Sendable {
  case constant(Double)
  case column(String)
  case negated(Numeric)
  /// `first`, then each operation applied to the result so far.
  case chain(Numeric, [(Arithmetic, Numeric)])
  case call(MathFunction, Numeric)
  case extreme(Extreme, [Numeric])
  case choice(Logical, Numeric, Numeric)
  /// 1 where the condition is true, 0 where it is false.
  case indicator(Logical)
  /// Over the values that are present, where at least `minimum` of them are.
  case row(RowSummary, [Numeric], minimum: Int)
  /// The scale from `minimum` to `maximum` turned round.
  case reversed(Numeric, minimum: Double, maximum: Double)
}

/// True, false or missing for each row.
indirect enum Logical: Sendable {
  case constant(Bool)
  case missing
  case not(Logical)
  case all([Logical])
  case any([Logical])
  case nonzero(Numeric)
  case compare(Comparison, Numeric, Numeric)
  case between(Numeric, Numeric, Numeric)
  case isOne(Numeric, of: [Double])
  case test(Textual, TextTest)
  case compareText(Comparison, Textual, Textual)
  /// Two columns of whatever type hold the same value.
  case same(String, String)
  case isMissing(Operand)
}

/// A text for each row, as levels and codes.
indirect enum Textual: Sendable {
  case column(String)
  case literal(String)
  case missing
  case choice(Logical, Textual, Textual)
}

/// What is asked of one text; answered once for each level.
enum TextTest: Sendable {
  case compare(Comparison, String)
  case between(String, String)
  case isOne(of: Set<String>)
}

/// A part of an expression whose type is known only from its use, if it is a bare column or `missing`.
enum Operand: Sendable {
  case number(Numeric)
  case truth(Logical)
  case text(Textual)
  case column(String)
  case missing
}

package enum MathFunction: String, Sendable, CaseIterable {
  case abs, sqrt, log, log2, log10, exp, round, floor, ceiling
}

enum Extreme: String, Sendable, CaseIterable {
  case min, max
}

enum RowSummary: String, Sendable, CaseIterable {
  case mean = "row_mean"
  case sum = "row_sum"
}
