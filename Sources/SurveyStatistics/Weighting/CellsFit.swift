import Columnar
import Streaming

/// Cross-classifies the rows by every column of the margins: all that raking has to know of them.
struct CellsFit: Fit {
  let request: RakeRequest
  let classes: CellKeys

  init(_ request: RakeRequest, _ profile: Profile) throws(ImmerseError) {
    self.request = request
    classes = CellKeys(
      columns: request.classifiers, levels: request.classifiers.compactMap { profile.levels[$0] })
    try classes.levels.checkCombinations(of: request.classifiers)
  }

  var columns: [ColumnRequest] {
    request.classifiers.map { .category($0) } + (request.weights.map { [.number($0)] } ?? [])
  }

  var signature: String { "rake \(request) \(classes.levels.map(\.names))" }

  func makePartial() -> Partial { Partial(fit: self) }

  func finish(_ partial: Partial) throws(ImmerseError) -> RakeModel {
    try Raking(request, classes, partial).model()
  }

  struct Partial: Streaming.Partial {
    let fit: CellsFit
    private(set) var cells = KeyIndex()
    private(set) var weights: [Double] = []
    private(set) var rows: [Int] = []

    init(fit: CellsFit) { self.fit = fit }

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      let numbers = cells.numbers(of: try fit.classes.keys(batch))
      openCells()
      let own = try fit.request.weights.map { c throws(ImmerseError) in try batch.weights(c) }
      for (row, cell) in numbers.enumerated() {
        weights[Int(cell)] += own?[row] ?? 1
        rows[Int(cell)] += 1
      }
    }

    private mutating func openCells() {
      let added = cells.count - rows.count
      weights.append(contentsOf: repeatElement(0, count: added))
      rows.append(contentsOf: repeatElement(0, count: added))
    }

    mutating func merge(_ other: Partial) throws(ImmerseError) {
      for (theirs, key) in other.cells.keys.enumerated() {
        let cell = cells.insert(key)
        openCells()
        weights[cell] += other.weights[theirs]
        rows[cell] += other.rows[theirs]
      }
    }

    func write(to blob: inout BlobWriter) {
      blob.write(cells.keys)
      blob.write(weights)
      blob.write(rows)
    }

    mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
      cells = KeyIndex(try blob.keys())
      weights = try blob.doubles()
      rows = try blob.integers()
      guard weights.count == cells.count, rows.count == cells.count else { throw .brokenPartial }
    }
  }
}
