public import Columnar

/// What fills missing values, frozen on the reference units.
public struct FrozenImputation: FrozenStep, Equatable {
  enum Rule: Codable, Sendable, Equatable {
    case none
    case centres(GroupCentres)
    case regressions(FrozenRegressions)
    case normal(NormalModel)
    /// From the unit's own values in other periods.
    case panel(Imputation.Method)
  }

  let rule: Rule

  enum CodingKeys: String, CodingKey { case rule }

  init(_ rule: Rule) { self.rule = rule }

  /// Whether an iteration that found the rule reached its goal.
  public var hasConverged: Bool { if case .normal(let model) = rule { model.hasConverged } else { true } }

  public func apply(to units: UnitMatrix, threads: Int, notes: inout [Note]) throws(ImmerseError) -> UnitMatrix {
    let filled: [Buffer<Double>]
    let reason: String
    switch rule {
    case .none: return units
    case .centres(let centres):
      filled = try centres.fill(units)
      reason = "where no reference unit\(centres.groups == nil ? "" : " of the group") has a value"
    case .regressions(let regressions):
      filled = try regressions.fill(units)
      reason = "where a predictor is missing"
    case .normal(let model):
      filled = try model.fill(units)
      reason = "where the unit has no value at all"
      if !model.hasConverged {
        notes.append(Note("not_converged", "the iteration of the EM algorithm did not converge"))
      }
    case .panel(let method):
      filled = try fillFromPanel(units, method)
      reason = "where the unit has no value\(method == .latest ? " in an earlier period" : " in any period")"
    }
    var result = units
    var count = 0
    for (index, new) in filled.enumerated() {
      let old = units.columns[index]
      let missing = old.missingCount
      if missing == 0 { continue }
      let left = new.missingCount
      count += missing - left
      if left > 0 {
        notes.append(
          Note("not_imputed", "\"\(units.codes[index])\" stays missing \(reason): \(counted(left, "unit"))"))
      }
      result.replace(index, with: new)
      // An imputed value inherits an error from every unit it was taken from, which is not followed up.
      result.sampling?.stretch(units.codes[index]) { old[$0].isNaN ? .nan : 1 }
    }
    if count > 0 { notes.append(Note("imputed", "\(counted(count, "missing value")) imputed")) }
    return result
  }
}
