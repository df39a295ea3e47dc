public import Columnar

/// Units by indicators: one column for each code, one row for each child, site, region or country, or for each of them in
/// each period.
///
/// Columns are shared, not copied; a step that leaves a column alone passes it on. A missing value is NaN.
public struct UnitMatrix: Sendable {
  public let units: UnitNames
  public let codes: [String]
  public private(set) var columns: [Buffer<Double>]
  /// The group each unit belongs to, for imputation.
  public let group: Categories?
  /// The period each row belongs to, in ascending order of levels; nil where each unit has one row.
  public let period: Categories?
  /// What is known of the values' sampling error.
  public internal(set) var sampling: SamplingErrors?

  /// - Precondition: one column for each code; columns, group, period and sampling errors as long as `units`.
  public init(
    units: UnitNames, codes: [String], columns: [Buffer<Double>], group: Categories? = nil, period: Categories? = nil,
    sampling: SamplingErrors? = nil
  ) {
    precondition(codes.count == columns.count, "as many codes as columns")
    precondition(columns.allSatisfy { $0.count == units.count }, "a column of another length than the units")
    precondition(group == nil || group?.codes.count == units.count, "a group of another length than the units")
    precondition(period == nil || period?.codes.count == units.count, "a period of another length than the units")
    precondition(sampling.map { $0.unitCount == units.count } ?? true, "sampling errors of other units")
    self.units = units
    self.codes = codes
    self.columns = columns
    self.group = group
    self.period = period
    self.sampling = sampling
  }

  public init(
    units: [String], codes: [String], columns: [Buffer<Double>], group: Categories? = nil, period: Categories? = nil,
    sampling: SamplingErrors? = nil
  ) {
    self.init(
      units: UnitNames(units), codes: codes, columns: columns, group: group, period: period, sampling: sampling)
  }

  /// The column of that code, or nil. O(codes).
  public subscript(code: String) -> Buffer<Double>? {
    codes.firstIndex(of: code).map { columns[$0] }
  }

  /// The column of that code.
  ///
  /// - Throws: `badData` where there is none.
  func column(_ code: String) throws(ImmerseError) -> Buffer<Double> {
    guard let column = self[code] else { throw .missingColumn(code, among: codes) }
    return column
  }

  /// The same units with other columns.
  func with(_ codes: [String], _ columns: [Buffer<Double>]) -> UnitMatrix {
    UnitMatrix(units: units, codes: codes, columns: columns, group: group, period: period, sampling: sampling)
  }

  mutating func replace(_ index: Int, with column: Buffer<Double>) {
    columns[index] = column
  }

  /// Some of the units, in the order given. O(rows · columns).
  func select(_ rows: [Int]) -> UnitMatrix {
    UnitMatrix(
      units: units.select(rows), codes: codes, columns: columns.map { $0.select(rows) }, group: group?.select(rows),
      period: period?.select(rows), sampling: sampling?.select(rows))
  }

  /// The rows of each period, periods in the order of their levels; all rows where there are no periods.
  var rowsByPeriod: [[Int]] {
    guard let period else { return [Array(units.indices)] }
    var rows = [[Int]](repeating: [], count: period.levels.count)
    for row in units.indices where period.codes[row] >= 0 { rows[Int(period.codes[row])].append(row) }
    return rows
  }
}

extension Categories {
  func select(_ rows: [Int]) -> Categories { Categories(codes: codes.select(rows), levels: levels) }
}

extension Buffer {
  func select(_ rows: [Int]) -> Buffer {
    Buffer(count: rows.count) { target in
      withUnsafeBufferPointer { source in
        for (index, row) in rows.enumerated() { target[index] = source[row] }
      }
    }
  }
}

extension Buffer<Double> {
  /// A new column by a rule for single values. The rule is inlined into the loop.
  @inline(__always) func mapped(_ rule: (Double) -> Double) -> Buffer<Double> {
    Buffer(count: count) { map(into: $0, rule) }
  }

  /// The same into memory for as many rows.
  @inline(__always) func map(into target: UnsafeMutableBufferPointer<Double>, _ rule: (Double) -> Double) {
    withUnsafeBufferPointer { source in
      for row in 0..<source.count { target[row] = rule(source[row]) }
    }
  }

  /// The values that are not missing, in order.
  var present: [Double] {
    withUnsafeBufferPointer { values in values.filter { $0 == $0 } }
  }

  var missingCount: Int {
    withUnsafeBufferPointer { values in
      var missing = 0
      for value in values { missing += value == value ? 0 : 1 }
      return missing
    }
  }

  /// The largest magnitude, infinite where a value is; 0 where there is none.
  var largestMagnitude: Double {
    withUnsafeBufferPointer { values in
      var lanes = SIMD8<Double>.zero
      guard let base = values.baseAddress.map(UnsafeRawPointer.init) else { return 0 }
      let whole = values.count & ~7
      for row in stride(from: 0, to: whole, by: 8) {
        let block = base.loadUnaligned(fromByteOffset: row * 8, as: SIMD8<Double>.self)
        // A comparison with NaN is false, so a missing value takes no lane.
        lanes.replace(with: block, where: block .> lanes)
        lanes.replace(with: -block, where: -block .> lanes)
      }
      var largest = lanes.max()
      for row in whole..<values.count where values[row].magnitude > largest { largest = values[row].magnitude }
      return largest
    }
  }
}
