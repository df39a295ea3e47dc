import Columnar
import Streaming

/// What has to be known of every row before weights can be calibrated.
struct CellsPlan: Sendable {
  /// The column of starting weights; without it every row starts at 1.
  let weights: String?
  let classes: CellKeys
  /// Columns whose numbers are added up.
  let numbers: [String]
  /// Whether rows are told apart by their numbers too, which an iteration needs.
  let collectsPatterns: Bool
  /// Whether they are told apart by their weight, which bounds on weights need.
  let separatesWeights: Bool

  init(
    weights: String?, classifiers: [String], numbers: [String] = [], collectsPatterns: Bool = false,
    separatesWeights: Bool = false, _ profile: Profile
  ) throws(ImmerseError) {
    self.weights = weights
    self.numbers = numbers
    self.separatesWeights = separatesWeights
    self.collectsPatterns = separatesWeights || (collectsPatterns && !numbers.isEmpty)
    classes = CellKeys(columns: classifiers, levels: classifiers.compactMap { profile.levels[$0] })
    try classes.levels.checkCombinations(of: classifiers, below: 0x1p62)
  }

  /// Rows told apart by classes alone.
  init(weights: String?, classes: CellKeys, numbers: [String] = []) {
    self.weights = weights
    self.classes = classes
    self.numbers = numbers
    collectsPatterns = false
    separatesWeights = false
  }

  static func columns(weights: String?, classifiers: [String], numbers: [String] = []) -> [ColumnRequest] {
    classifiers.map { .category($0) } + numbers.map { .number($0) } + (weights.map { [.number($0)] } ?? [])
  }

  var columns: [ColumnRequest] {
    CellsPlan.columns(weights: weights, classifiers: classes.columns, numbers: numbers)
  }

  var signature: String {
    "\(weights ?? "") \(classes.columns) \(classes.levels.map(\.names)) \(numbers) \(collectsPatterns) \(separatesWeights)"
  }

  /// The numbers of the rows of a batch, complete.
  ///
  /// - Throws: `badData` for a row that lacks one.
  func values(_ batch: Batch) throws(ImmerseError) -> [Buffer<Double>] {
    var values: [Buffer<Double>] = []
    for name in numbers {
      let column = try batch.numbers(name)
      if let row = column.withUnsafeBufferPointer({ $0.firstIndex { !$0.isFinite } }) {
        throw ImmerseError(
          .badData, "has no finite number, but every row needs one", row: batch.firstRow + row, variable: name,
          remedy: "fill it in, or leave such rows out with --where")
      }
      values.append(column)
    }
    return values
  }

  /// The starting weights of the rows of a batch; nil where every row starts at 1.
  func startingWeights(_ batch: Batch) throws(ImmerseError) -> Buffer<Double>? {
    guard let weights else { return nil }
    return try batch.weights(weights)
  }

  /// The cell of every row among those that occurred when the model was made.
  ///
  /// - Throws: `badData` for a row of another cell.
  func cells(of batch: Batch, in known: KeyIndex) throws(ImmerseError) -> [Int] {
    var found: [Int] = []
    found.reserveCapacity(batch.rowCount)
    var last = (key: UInt64.max, cell: 0)
    for (row, key) in try classes.keys(batch).enumerated() {
      if key != last.key {
        guard let cell = known.find(key) else {
          throw ImmerseError(
            .badData, "has a combination of categories that the weights were not made for", row: batch.firstRow + row,
            variable: classes.columns.joined(separator: ", "))
        }
        last = (key, cell)
      }
      found.append(last.cell)
    }
    return found
  }
}
