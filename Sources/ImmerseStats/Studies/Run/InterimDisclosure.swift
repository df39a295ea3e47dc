import SurveyStatistics

/// The rule by which a study withholds what could single out children, until the full rules exist.
///
/// A cell of fewer than 10 children or 3 sites shows neither estimate, nor error, nor count. A difference or an average is
/// withheld where one of its cells is. The rule looks at one cell at a time: it does not check what can be deduced
/// from other cells.
public enum InterimDisclosure {
  public static let leastChildren = 10
  public static let leastSites = 3

  public static let statement =
    "Interim disclosure rule: cells of fewer than \(leastChildren) children or \(leastSites) sites are withheld "
    + "(estimate, standard error, interval and count). Cells are checked one at a time, so what other cells let a reader "
    + "deduce is not covered."

  static func withholds(_ estimate: Estimate) -> Bool {
    estimate.smallestCell.count < leastChildren || estimate.smallestCell.units < leastSites
  }

  /// The row as it may be written.
  static func json(_ estimate: Estimate) -> JSONValue {
    guard withholds(estimate), case .object(let members) = estimate.json else { return estimate.json }
    return .object(members.map { ["term", "by"].contains($0.key) ? $0 : .init($0.key, .null) })
  }
}
