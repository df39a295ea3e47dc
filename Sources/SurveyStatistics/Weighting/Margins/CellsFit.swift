import Columnar
import Streaming

/// Cross-classifies the rows by every column of the margins, with the sums and products of their numbers in every cell:
/// all that raking and linear calibration have to know of them.
struct CellsFit<Model>: Fit {
  let plan: CellsPlan
  /// What was asked of the cells.
  let purpose: String
  let makeModel: @Sendable (CellsPartial) throws(ImmerseError) -> Model

  var columns: [ColumnRequest] { plan.columns }
  var signature: String { "\(purpose) \(plan.signature)" }

  func makePartial() -> CellsPartial { CellsPartial(plan) }
  func finish(_ partial: CellsPartial) throws(ImmerseError) -> Model { try makeModel(partial) }

  /// The same fit, of whose model something else is made.
  func mapped<Other>(_ transform: @escaping @Sendable (Model) -> Other) -> CellsFit<Other> {
    let makeModel = makeModel
    return CellsFit<Other>(plan: plan, purpose: purpose) { (cells) throws(ImmerseError) in
      transform(try makeModel(cells))
    }
  }
}

/// The cells that occur, and where asked for the distinct combinations of cell and numbers.
struct CellsPartial: Streaming.Partial {
  let plan: CellsPlan
  private(set) var cells = KeyIndex()
  /// By cell, its rows.
  private(set) var rows: [Int] = []
  /// By cell, Σ d v_a v_b for a ≤ b, with d the starting weight, v_0 = 1 and then the numbers.
  private(set) var products: [Double] = []
  private(set) var patterns: Patterns

  init(_ plan: CellsPlan) {
    self.plan = plan
    patterns = Patterns(numbers: plan.numbers.count)
  }

  /// Cells that were made of others, without numbers.
  init(_ plan: CellsPlan, cells: KeyIndex, rows: [Int], weights: [Double]) {
    self.plan = plan
    self.cells = cells
    self.rows = rows
    products = weights
    patterns = Patterns(numbers: 0)
  }

  /// The products kept for each cell.
  var productsPerCell: Int { (plan.numbers.count + 1) * (plan.numbers.count + 2) / 2 }

  /// Σ d by cell.
  var weights: [Double] { stride(from: 0, to: products.count, by: productsPerCell).map { products[$0] } }

  mutating func absorb(_ batch: Batch) throws(ImmerseError) {
    let numbers = cells.numbers(of: try plan.classes.keys(batch))
    openCells()
    let weights = try plan.startingWeights(batch)
    let values = try plan.values(batch)
    let width = productsPerCell
    guard !values.isEmpty || plan.collectsPatterns else {
      for (row, cell) in numbers.enumerated() {
        products[Int(cell)] += weights?[row] ?? 1
        rows[Int(cell)] += 1
      }
      return
    }
    var own = [1.0] + values.map { _ in 0 }
    for (row, cell) in numbers.enumerated() {
      let weight = weights?[row] ?? 1
      for (index, column) in values.enumerated() { own[index + 1] = column[row] }
      rows[Int(cell)] += 1
      var position = Int(cell) * width
      for a in own.indices {
        for b in a..<own.count {
          products[position] += weight * own[a] * own[b]
          position += 1
        }
      }
      if plan.collectsPatterns {
        patterns.add(
          cell: Int(cell), own.dropFirst(), weight: weight, count: 1, separatingWeights: plan.separatesWeights)
      }
    }
  }

  private mutating func openCells() {
    let added = cells.count - rows.count
    rows.append(contentsOf: repeatElement(0, count: added))
    products.append(contentsOf: repeatElement(0, count: added * productsPerCell))
  }

  mutating func merge(_ other: CellsPartial) throws(ImmerseError) {
    let width = productsPerCell
    let map = other.cells.keys.map { cells.insert($0) }
    openCells()
    for (theirs, cell) in map.enumerated() {
      rows[cell] += other.rows[theirs]
      for index in 0..<width { products[cell * width + index] += other.products[theirs * width + index] }
    }
    patterns.merge(other.patterns, cells: map, separatingWeights: plan.separatesWeights)
  }

  func write(to blob: inout BlobWriter) {
    blob.write(cells.keys)
    blob.write(rows)
    blob.write(products)
    patterns.write(to: &blob)
  }

  mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
    cells = KeyIndex(try blob.keys())
    rows = try blob.integers()
    products = try blob.doubles()
    guard cells.keys.allSatisfy(plan.classes.levels.hasCombination), rows.allSatisfy(\.isRowCount),
      rows.count == cells.count, products.count == cells.count * productsPerCell
    else { throw .brokenPartial }
    patterns = Patterns(numbers: plan.numbers.count)
    try patterns.read(from: &blob, cells: cells.count, separatingWeights: plan.separatesWeights)
  }
}
