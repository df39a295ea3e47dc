import Columnar
import Streaming

/// Means or medians of the reference units, over all or within groups.
struct GroupCentres: Codable, Sendable, Equatable {
  struct Column: Codable, Sendable, Equatable {
    let code: String
    /// One for each group, or one for all; nil where no reference unit has a value.
    let values: [Double?]

    enum CodingKeys: String, CodingKey { case code, values }
  }

  /// The groups in the order of each column's values; nil where units are not grouped.
  let groups: [String]?
  let columns: [Column]

  enum CodingKeys: String, CodingKey { case groups, columns }

  init(_ imputation: Imputation, _ units: UnitMatrix) throws(ImmerseError) {
    let isMedian = imputation.method == .median
    guard imputation.group != nil else {
      groups = nil
      columns = zip(units.codes, units.columns).map {
        Column(code: $0, values: [Self.centre($1.present, isMedian)])
      }
      return
    }
    guard let group = units.group else {
      throw ImmerseError(.badData, "imputation by group needs units with a group", variable: imputation.group)
    }
    groups = group.levels.names
    columns = zip(units.codes, units.columns).map { code, values in
      var members = [[Double]](repeating: [], count: group.levels.count)
      for row in 0..<values.count where group.codes[row] >= 0 && !values[row].isNaN {
        members[Int(group.codes[row])].append(values[row])
      }
      return Column(code: code, values: members.map { Self.centre($0, isMedian) })
    }
  }

  private static func centre(_ values: [Double], _ isMedian: Bool) -> Double? {
    if values.isEmpty { return nil }
    if isMedian { return median(ofSorted: values.sorted()) }
    var moments = Moments()
    values.withUnsafeBufferPointer { moments.absorb($0) }
    return moments.mean
  }

  /// A saved imputation is data like any other: a list of another length than the groups is refused.
  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    groups = try container.decodeIfPresent([String].self, forKey: .groups)
    columns = try container.decode([Column].self, forKey: .columns)
    let width = groups?.count ?? 1
    guard columns.allSatisfy({ $0.values.count == width }) else {
      throw DecodingError.dataCorruptedError(
        forKey: .columns, in: container, debugDescription: "the values do not fit the groups")
    }
  }

  /// The units' columns with missing values filled.
  func fill(_ units: UnitMatrix) throws(ImmerseError) -> [Buffer<Double>] {
    // The position of each unit's value in a column's list; negative where the unit belongs to no known group.
    var positions: Buffer<Int32>?
    if let groups {
      guard let group = units.group else {
        throw ImmerseError(.badData, "imputation by group needs units with a group")
      }
      positions = group.recoded(to: Levels(groups)).codes
    }
    var filled = units.columns
    for column in columns {
      guard let index = units.codes.firstIndex(of: column.code) else {
        throw .missingColumn(column.code, among: units.codes)
      }
      let old = filled[index]
      filled[index] = Buffer(count: old.count) { target in
        for row in 0..<old.count {
          let position = positions?[row] ?? 0
          let centre = position < 0 ? nil : column.values[Int(position)]
          target[row] = old[row].isNaN ? centre ?? .nan : old[row]
        }
      }
    }
    return filled
  }
}
