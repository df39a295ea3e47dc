public import Columnar
import Streaming

/// How missing values are filled from the other units of the same indicator.
///
/// ```yaml
/// impute: mean
/// impute: {method: median, group: country}
/// ```
public struct Imputation: Codable, Sendable, Equatable {
  public enum Method: String, Codable, Sendable, CaseIterable {
    case none, mean, median
  }

  public var method: Method
  /// The column within whose groups the mean or median is taken; a group without a value stays missing.
  public var group: String?

  enum CodingKeys: String, CodingKey { case method, group }

  public init(_ method: Method = .none, group: String? = nil) {
    self.method = method
    self.group = group
  }

  public init(from decoder: any Decoder) throws {
    guard let container = try? decoder.container(keyedBy: CodingKeys.self) else {
      self.init(try decoder.singleValueContainer().decode(Method.self))
      return
    }
    self.init(
      try container.decode(Method.self, forKey: .method),
      group: try container.decodeIfPresent(String.self, forKey: .group))
  }

  /// The means or medians of these units.
  ///
  /// - Throws: `badData` where a group is asked for and the units have none.
  public func fit(_ units: UnitMatrix) throws(ImmerseError) -> FrozenImputation {
    guard method != .none else { return FrozenImputation(groups: nil, columns: []) }
    let median = method == .median
    guard group != nil else {
      return FrozenImputation(
        groups: nil,
        columns: zip(units.codes, units.columns).map { .init(code: $0, values: [Self.centre($1.present, median)]) })
    }
    guard let groups = units.group else {
      throw ImmerseError(.badData, "imputation by group needs units with a group", variable: group)
    }
    let columns = zip(units.codes, units.columns).map { code, values in
      var members = [[Double]](repeating: [], count: groups.levels.count)
      for row in 0..<values.count where groups.codes[row] >= 0 && !values[row].isNaN {
        members[Int(groups.codes[row])].append(values[row])
      }
      return FrozenImputation.Column(code: code, values: members.map { Self.centre($0, median) })
    }
    return FrozenImputation(groups: groups.levels.names, columns: columns)
  }

  private static func centre(_ values: [Double], _ median: Bool) -> Double? {
    if values.isEmpty { return nil }
    if median {
      let sorted = values.sorted()
      let middle = sorted.count / 2
      return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
    var moments = Moments()
    values.withUnsafeBufferPointer { moments.absorb($0) }
    return moments.mean
  }
}

/// The values that fill what is missing.
public struct FrozenImputation: FrozenStep, Equatable {
  public struct Column: Codable, Sendable, Equatable {
    public let code: String
    /// One for each group, or one for all; nil where no reference unit has a value.
    public let values: [Double?]

    enum CodingKeys: String, CodingKey { case code, values }
  }

  /// The groups in the order of each column's values; nil where units are not grouped.
  public let groups: [String]?
  /// Empty where nothing is imputed.
  public let columns: [Column]

  enum CodingKeys: String, CodingKey { case groups, columns }

  init(groups: [String]?, columns: [Column]) {
    self.groups = groups
    self.columns = columns
  }

  /// A saved imputation is data like any other: a list of another length than the groups is refused.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    groups = try container.decodeIfPresent([String].self, forKey: .groups)
    columns = try container.decode([Column].self, forKey: .columns)
    let width = groups?.count ?? 1
    guard columns.allSatisfy({ $0.values.count == width }) else {
      throw DecodingError.dataCorruptedError(
        forKey: .columns, in: container, debugDescription: "the values do not fit the groups")
    }
  }

  public func apply(to units: UnitMatrix, notes: inout [Note]) throws(ImmerseError) -> UnitMatrix {
    if columns.isEmpty { return units }
    // The position of each unit's value in a column's list; negative where the unit belongs to no known group.
    let positions: Buffer<Int32>
    if let groups {
      guard let group = units.group else {
        throw ImmerseError(.badData, "imputation by group needs units with a group")
      }
      positions = group.recoded(to: Levels(groups)).codes
    } else {
      positions = Buffer([Int32](repeating: 0, count: units.units.count))
    }
    var result = units
    var filled = 0
    for column in columns {
      guard let index = units.codes.firstIndex(of: column.code) else {
        throw .missingColumn(column.code, among: units.codes)
      }
      let old = units.columns[index]
      let missing = old.missingCount
      if missing == 0 { continue }
      let new = Buffer<Double>(count: old.count) { target in
        for row in 0..<old.count {
          let value = old[row]
          let position = positions[row]
          target[row] = value.isNaN && position >= 0 ? column.values[Int(position)] ?? .nan : value
        }
      }
      let left = new.missingCount
      filled += missing - left
      if left > 0 {
        notes.append(
          Note(
            "not_imputed",
            "\"\(column.code)\" stays missing where no reference unit"
              + (groups == nil ? "" : " of the group") + " has a value: \(counted(left, "unit"))"))
      }
      result.replace(index, with: new)
      // An imputed value inherits an error from every unit it was taken from, which is not followed up.
      result.sampling?.stretch(column.code) { old[$0].isNaN ? .nan : 1 }
    }
    if filled > 0 { notes.append(Note("imputed", "\(counted(filled, "missing value")) imputed")) }
    return result
  }
}
