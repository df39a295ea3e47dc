public import Columnar

/// What pass 0 learns of the columns and hands to every later pass.
public struct Profile: Sendable {
  /// A numeric column: how many values, and their rough centre and spread, by which later passes shift and scale.
  public struct Numbers: Sendable {
    public var count: Int
    public var mean: Double
    public var standardDeviation: Double
    public var minimum: Double
    public var maximum: Double
  }

  /// Rows after filters.
  public let rowCount: Int
  /// Rows that filters dropped.
  public let droppedRowCount: Int
  /// The levels that occur in the rows: sorted, or in the order that the source declares.
  public let levels: [String: Levels]
  public let numbers: [String: Numbers]
  /// Rows without a value, by column.
  public let missing: [String: Int]

  /// The batch with every category in its frozen levels.
  func freeze(_ batch: Batch) -> Batch {
    var frozen = batch
    for (name, levels) in levels {
      guard let column = batch[name], case .category = column.values else { continue }
      frozen.set(name, Column(.category(column.categories.recoded(to: levels).codes, levels)))
    }
    return frozen
  }
}

/// Gathers levels and moments of the requested columns.
struct ProfilePartial {
  private(set) var rowCount = 0
  private let categoryNames: [String]
  private let numberNames: [String]
  private var levels: [OccurringLevels]
  private var moments: [Moments]

  /// A column requested both as a category and as a number is profiled as both.
  init(_ requests: [ColumnRequest]) {
    func names(_ kind: ColumnRequest.Kind) -> [String] { requests.filter { $0.kind == kind }.merged.map(\.name) }
    categoryNames = names(.category)
    numberNames = names(.number)
    levels = Array(repeating: OccurringLevels(), count: categoryNames.count)
    moments = Array(repeating: Moments(), count: numberNames.count)
  }

  mutating func absorb(_ batch: Batch) throws(ImmerseError) {
    rowCount += batch.rowCount
    for (index, name) in categoryNames.enumerated() {
      levels[index].absorb(try batch.categories(name))
    }
    for (index, name) in numberNames.enumerated() {
      let numbers = try batch.numbers(name)
      numbers.withUnsafeBufferPointer { moments[index].absorb($0) }
    }
  }

  mutating func merge(_ other: ProfilePartial) throws(ImmerseError) {
    rowCount += other.rowCount
    for index in levels.indices { levels[index].merge(other.levels[index]) }
    for index in moments.indices { moments[index].merge(other.moments[index]) }
  }

  func write(to blob: inout BlobWriter) {
    blob.write(rowCount)
    for level in levels { level.write(to: &blob) }
    for moment in moments { moment.write(to: &blob) }
  }

  mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
    rowCount = try blob.integer()
    for index in levels.indices { try levels[index].read(from: &blob) }
    for index in moments.indices { try moments[index].read(from: &blob) }
  }

  func profile(sourceRows: Int) -> Profile {
    var missing = Dictionary(uniqueKeysWithValues: zip(categoryNames, levels.map(\.missing)))
    var numbers: [String: Profile.Numbers] = [:]
    for (name, m) in zip(numberNames, moments) {
      missing[name] = rowCount - m.count
      numbers[name] = Profile.Numbers(
        count: m.count, mean: m.mean, standardDeviation: m.standardDeviation, minimum: m.minimum, maximum: m.maximum)
    }
    return Profile(
      rowCount: rowCount, droppedRowCount: sourceRows - rowCount,
      levels: Dictionary(uniqueKeysWithValues: zip(categoryNames, levels.map(\.levels))), numbers: numbers,
      missing: missing)
  }
}
