import Columnar
import ModelFormula
import Streaming

/// Finds by how much each replicate multiplies the overall weight of the rows of every lowest group.
struct ReplicateFactorsFit: Fit {
  let grams: GramFit
  let replicates: [String]

  var columns: [ColumnRequest] { (grams.columns + replicates.map { .number($0) }).merged }
  var signature: String { "replicate factors \(replicates) \(grams.signature)" }

  func makePartial() -> ReplicateFactorsPartial { ReplicateFactorsPartial(self) }

  func finish(_ partial: ReplicateFactorsPartial) -> ReplicateFactorsPartial { partial }
}

/// A factor for each replicate, side by side, for each combination of grouping codes.
struct ReplicateFactorsPartial: Partial {
  private let fit: ReplicateFactorsFit
  private(set) var cells: CellIndex
  private(set) var factors: [Double] = []

  init(_ fit: ReplicateFactorsFit) {
    self.fit = fit
    cells = CellIndex(columnCount: fit.grams.frame.groups.count)
  }

  mutating func absorb(_ batch: Batch) throws(ImmerseError) {
    let frame = fit.grams.frame
    let rows = try FrameRows(frame, batch)
    var missing = [Int](repeating: 0, count: frame.variableNames.count)
    let complete = try rows.completeRows(in: 0..<rows.rowCount, missing: &missing)
    let codes = frame.groups.compactMap { rows.codes($0.variable)?.array }
    let weights = frame.furtherNumbers.compactMap { rows.numbers($0)?.array }
    let isConditional = fit.grams.plan.request.weightsAre == .conditional
    var replicates: [[Double]] = []
    for name in fit.replicates { replicates.append(try batch.numbers(name).array) }
    let count = replicates.count
    for row in complete?.map(Int.init) ?? Array(0..<rows.rowCount) {
      // Conditional weights multiply up to the overall one; else the rows' own is it.
      let overall = isConditional ? weights.reduce(1) { $0 * $1[row] } : weights[0][row]
      guard overall > 0 else { continue }
      let cell = cells.insert { codes[$0][row] }
      let isNew = cell * count == factors.count
      for replicate in 0..<count {
        let factor = replicates[replicate][row] / overall
        guard factor >= 0, factor.isFinite else { throw .notAWeight(fit.replicates[replicate]) }
        if isNew {
          factors.append(factor)
        } else if !isSameFactor(factors[cell * count + replicate], factor) {
          throw .varyingFactor(fit.replicates[replicate], within: fit.grams.plan.factors)
        }
      }
    }
  }

  mutating func merge(_ other: ReplicateFactorsPartial) throws(ImmerseError) {
    let count = fit.replicates.count
    for (source, cell) in cells.insert(contentsOf: other.cells).enumerated() {
      let theirs = other.factors[source * count..<(source + 1) * count]
      if cell * count == factors.count {
        factors += theirs
      } else if let index = theirs.indices.first(where: {
        !isSameFactor(factors[cell * count + $0 - theirs.startIndex], theirs[$0])
      }) {
        throw .varyingFactor(fit.replicates[index - theirs.startIndex], within: fit.grams.plan.factors)
      }
    }
  }

  func write(to blob: inout BlobWriter) {
    cells.write(to: &blob)
    blob.write(factors)
  }

  mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
    try cells.read(from: &blob, levelCounts: fit.grams.frame.groups.map(\.levels.count))
    factors = try blob.doubles()
    guard factors.count == cells.count * fit.replicates.count else { throw .brokenPartial }
  }

  /// For each replicate the factors of a model's lowest groups.
  ///
  /// - Throws: `badData` where a group is divided and its parts have different factors.
  func byGroup(of nesting: Nesting) throws(ImmerseError) -> [[Double]] {
    let level = nesting.levels[0]
    let (width, names) = (level.factor.columns.count, fit.grams.frame.groups.map(\.name))
    let positions = level.factor.columns.compactMap { name in names.firstIndex(of: name) }
    var group: [[Int32]: Int] = [:]
    for index in 0..<level.count { group[Array(level.codes[index * width..<(index + 1) * width])] = index }
    let codes = cells.codesByColumn()
    let count = fit.replicates.count
    var byGroup = [[Double]](repeating: [Double](repeating: .nan, count: level.count), count: count)
    for cell in 0..<cells.count {
      guard let index = group[positions.map { codes[$0][cell] }] else { continue }
      for replicate in 0..<count {
        let factor = factors[cell * count + replicate]
        let known = byGroup[replicate][index]
        guard known.isNaN || isSameFactor(known, factor) else {
          throw .varyingFactor(fit.replicates[replicate], within: [level.factor])
        }
        byGroup[replicate][index] = factor
      }
    }
    return byGroup
  }
}

/// Published weights are rounded to some five digits.
private func isSameFactor(_ a: Double, _ b: Double) -> Bool { (a - b).magnitude <= 1e-4 * max(a, b, 1e-3) }

extension ImmerseError {
  fileprivate static func notAWeight(_ name: String) -> ImmerseError {
    ImmerseError(
      .badData, "holds a missing or negative number where a row is used", variable: name,
      remedy: "replicate weights are positive or 0")
  }

  fileprivate static func varyingFactor(_ name: String, within factors: [GroupingFactor]) -> ImmerseError {
    let labels = factors.map(\.label).joined(separator: ", ")
    return ImmerseError(
      .badData, "multiplies the weights of rows of one group of \(labels) by different factors", variable: name,
      remedy: "a replicate that was calibrated by rows, or splits a group, would need conditional replicate weights; "
        + "use replicates that take whole groups")
  }
}
