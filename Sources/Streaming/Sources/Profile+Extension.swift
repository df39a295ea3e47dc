import Columnar

extension Profile {
  /// This profile with the levels that another one has besides; numbers keep their centre and spread.
  ///
  /// New levels take their place among sorted ones, and follow declared ones.
  public func extended(by other: Profile) -> Profile {
    let levels = levels.map { name, own -> (String, Levels) in
      guard let new = other.levels[name]?.names.filter({ own.code(of: $0) == nil }), !new.isEmpty else {
        return (name, own)
      }
      return (name, own.isDeclared ? Levels(own.names + new, isDeclared: true) : Levels(sorting: own.names + new))
    }
    return Profile(
      rowCount: rowCount + other.rowCount, droppedRowCount: droppedRowCount + other.droppedRowCount,
      levels: Dictionary(uniqueKeysWithValues: levels), numbers: numbers,
      missing: missing.merging(other.missing, uniquingKeysWith: +))
  }
}
