import Columnar

extension Framework {
  /// Everything wrong with the framework, and what a reader should know of it although it can be used.
  ///
  /// - Parameter columns: those of the units' table, where it is at hand.
  public func check(columns: [String]? = nil) -> [Finding] {
    findings() + (columns.map(missingColumns) ?? []) + remarks()
  }

  private func missingColumns(among columns: [String]) -> [Finding] {
    ScoreModel.columns(of: self).filter { !columns.contains($0) }.map { code in
      let nearest = Spelling.nearest(to: code, in: columns).map { ": did you mean \"\($0)\"?" } ?? ""
      return Finding(.missingColumn, code, "the data have no column \"\(code)\"\(nearest)")
    }
  }

  private func remarks() -> [Finding] {
    var remarks: [Finding] = []
    let (levels, _) = levels(childrenByParent)
    for member in members {
      if member.parents.count > 1 {
        remarks.append(
          Finding(
            .severalParents, member.code,
            "\"\(member.code)\" is averaged into \(Spelling.list(member.parents.map { "\"\($0)\"" }))"))
      }
      if member.weight == 0 && !member.parents.isEmpty {
        remarks.append(
          Finding(.zeroWeight, member.code, "\"\(member.code)\" has a weight of zero: it is reported, not averaged"))
      }
    }
    for indicator in indicators {
      if indicator.role == nil {
        remarks.append(
          Finding(.undeclaredRole, indicator.code, "\"\(indicator.code)\" is declared neither result nor determinant"))
      }
      if indicator.kind == nil {
        remarks.append(
          Finding(
            .undeclaredKind, indicator.code,
            "the kind of \"\(indicator.code)\" is not declared, so it cannot be given a standard error"))
      }
    }
    let children = childrenByParent
    for aggregate in aggregates {
      let own = Set((children[aggregate.code] ?? []).compactMap { levels[$0.code] })
      if own.count > 1 {
        remarks.append(
          Finding(.unevenLevels, aggregate.code, "the parts of \"\(aggregate.code)\" are of different levels"))
      }
    }
    return remarks
  }
}
