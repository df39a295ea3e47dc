/// Rows of several named columns, all of one length.
public struct Batch: Sendable {
  public private(set) var names: [String]
  public private(set) var columns: [Column]
  public let rowCount: Int
  /// The position of the first row in the source the batch was cut from, counted from 0.
  public let firstRow: Int

  /// - Precondition: every column has `rowCount` rows.
  public init(_ columns: [(name: String, column: Column)], rowCount: Int, firstRow: Int = 0) {
    precondition(columns.allSatisfy { $0.column.count == rowCount }, "columns of different lengths")
    names = columns.map(\.name)
    self.columns = columns.map(\.column)
    self.rowCount = rowCount
    self.firstRow = firstRow
  }

  /// The column of that name, or nil. O(columns).
  public subscript(name: String) -> Column? {
    names.firstIndex(of: name).map { columns[$0] }
  }

  /// Adds a column, or replaces the one of that name.
  public mutating func set(_ name: String, _ column: Column) {
    precondition(column.count == rowCount, "a column of another length than the batch")
    if let index = names.firstIndex(of: name) {
      columns[index] = column
    } else {
      names.append(name)
      columns.append(column)
    }
  }

  /// A part of the rows, sharing the memory. O(columns).
  public func slice(_ range: Range<Int>) -> Batch {
    Batch(
      zip(names, columns).map { ($0, $1.slice(range)) }, rowCount: range.count,
      firstRow: firstRow + range.lowerBound)
  }

  /// The named column as Float64 with NaN for missing.
  ///
  /// - Throws: `badData` where there is no such column or it holds text.
  public func numbers(_ name: String) throws(ImmerseError) -> Buffer<Double> {
    guard let column = self[name] else { throw .missingColumn(name, among: names) }
    guard let numbers = column.numbers else {
      throw ImmerseError(
        .badData, "holds text where numbers are needed", variable: name,
        remedy: "recode it, or use it as a category")
    }
    return numbers
  }

  /// The named column as codes into levels, with negative codes for missing.
  ///
  /// - Throws: `badData` where there is no such column.
  public func categories(_ name: String) throws(ImmerseError) -> Categories {
    guard let column = self[name] else { throw .missingColumn(name, among: names) }
    return column.categories
  }
}

extension ImmerseError {
  /// A column that was asked for is not there; suggests the nearest name.
  public static func missingColumn(_ name: String, among names: [String]) -> ImmerseError {
    ImmerseError(
      .badData, "there is no such column", variable: name,
      remedy: Spelling.nearest(to: name, in: names).map { "did you mean \"\($0)\"?" }
        ?? "the columns are \(Spelling.list(names))")
  }
}
