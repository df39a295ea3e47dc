public import Columnar

/// A step of an index with its parameters frozen on reference units, to be applied to these or to any other units.
public protocol FrozenStep: Codable, Sendable {
  /// The units after the step. What had to be left missing, and why, is added to the notes.
  ///
  /// - Throws: `badData` where the units lack a column the step reads or contradict its rule.
  func apply(to units: UnitMatrix, threads: Int, notes: inout [Note]) throws(ImmerseError) -> UnitMatrix
}

extension FrozenStep {
  /// The units after the step, on one thread.
  public func apply(to units: UnitMatrix, notes: inout [Note]) throws(ImmerseError) -> UnitMatrix {
    try apply(to: units, threads: 1, notes: &notes)
  }
}
