import Columnar

/// The units' columns with missing values filled from the unit's own values in other periods.
///
/// Periods are placed at their numbers, or one apart where they are no numbers. One value is enough for any method. Rows
/// stay in their order.
func fillFromPanel(_ units: UnitMatrix, _ method: Imputation.Method) throws(ImmerseError) -> [Buffer<Double>] {
  guard let period = units.period else {
    throw ImmerseError(.badData, "imputation from other periods needs units with periods")
  }
  var rowsOfUnit: [String: [Int]] = [:]
  for (row, name) in units.units.enumerated() { rowsOfUnit[name, default: []].append(row) }
  let histories = rowsOfUnit.values.map { rows in rows.sorted { period.codes[$0] < period.codes[$1] } }
  let times = period.levels.numbers ?? period.levels.names.indices.map(Double.init)
  return units.columns.map { column in
    Buffer(count: column.count) { target in
      _ = target.initialize(from: column.array)
      for rows in histories {
        let known = rows.filter { !column[$0].isNaN }
        if known.isEmpty || known.count == rows.count { continue }
        for row in rows where column[row].isNaN {
          let time = { (row: Int) in times[Int(period.codes[row])] }
          let before = known.last { time($0) < time(row) }
          let after = known.first { time($0) > time(row) }
          switch (method, before, after) {
          case (.linear, let before?, let after?):
            let share = (time(row) - time(before)) / (time(after) - time(before))
            target[row] = column[before] + share * (column[after] - column[before])
          case (_, let before?, _): target[row] = column[before]
          case (.latest, nil, _): break
          case (_, nil, let after?): target[row] = column[after]
          default: break
          }
        }
      }
    }
  }
}
