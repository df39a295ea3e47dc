import Columnar
import ModelFormula

/// A few thousand complete rows, laid out for the cross-product kernel: design columns shifted and scaled, group codes,
/// weights. Small enough to stay in the processor's cache.
final class RowBlock {
  static let capacity = 2_048

  private let fit: GramFit
  /// Column c of the design begins at `c * capacity`.
  let columns: UnsafeMutablePointer<Double>
  /// Weight column c, from the rows to the top level, begins at `c * capacity`.
  let weights: UnsafeMutablePointer<Double>
  /// Grouping column c begins at `c * capacity`.
  let codes: UnsafeMutablePointer<Int32>
  let scratch: UnsafeMutablePointer<Double>
  private(set) var count = 0

  init(_ fit: GramFit) {
    self.fit = fit
    columns = .allocate(capacity: fit.frame.columns.count * Self.capacity)
    weights = .allocate(capacity: max(1, fit.weightCount) * Self.capacity)
    codes = .allocate(capacity: fit.frame.groups.count * Self.capacity)
    scratch = .allocate(capacity: max(Self.capacity, fit.frame.columns.count))
  }

  deinit {
    columns.deallocate()
    weights.deallocate()
    codes.deallocate()
    scratch.deallocate()
  }

  /// Takes over the rows of a range that are complete and whose weights are not zero; counts the others in `dropped`.
  ///
  /// - Throws: `badData` where a weight is negative or a number infinite.
  func load(_ range: Range<Int>, of rows: FrameRows, _ dropped: inout DroppedRows) throws(ImmerseError) {
    var kept = try rows.completeRows(in: range, missing: &dropped.missing)
    for (index, variable) in fit.frame.furtherNumbers.enumerated() {
      guard let values = rows.numbers(variable)?.slice(range) else { continue }
      try values.withUnsafeBufferPointer { (values) throws(ImmerseError) in
        if values.allSatisfy({ $0 > 0 }) { return }
        let candidates = kept ?? (0..<Int32(range.count)).map { $0 }
        let positive = candidates.filter { values[Int($0)] > 0 }
        if candidates.contains(where: { values[Int($0)] < 0 }) {
          throw .negativeWeight(fit.plan.request.weights[index])
        }
        dropped.zeroWeight += candidates.count - positive.count
        kept = positive
      }
      if fit.plan.request.weightsKind == .frequency, !fit.plan.request.weights.isEmpty {
        let used = kept ?? (0..<Int32(range.count)).map { $0 }
        try values.withUnsafeBufferPointer { (values) throws(ImmerseError) in
          if used.contains(where: { values[Int($0)].rounded() != values[Int($0)] }) {
            throw .fractionalCount(fit.plan.request.weights[index])
          }
        }
      }
      rows.numbers(variable)?.slice(range).withUnsafeBufferPointer { values in
        if let base = values.baseAddress {
          (weights + index * Self.capacity).update(from: base, count: range.count)
        }
      }
    }
    for (index, group) in fit.frame.groups.enumerated() {
      rows.codes(group.variable)?.slice(range).withUnsafeBufferPointer { source in
        if let base = source.baseAddress { (codes + index * Self.capacity).update(from: base, count: range.count) }
      }
    }
    for (index, column) in fit.frame.columns.enumerated() {
      rows.write(column, rows: range, scale: fit.scales[index], to: columns + index * Self.capacity)
    }
    count = range.count
    if let kept { keep(kept) }
  }

  private func keep(_ rows: [Int32]) {
    func compact<T>(_ columns: UnsafeMutablePointer<T>, _ columnCount: Int) {
      for index in 0..<columnCount {
        let column = columns + index * Self.capacity
        for (target, source) in rows.enumerated() { column[target] = column[Int(source)] }
      }
    }
    compact(columns, fit.frame.columns.count)
    compact(weights, fit.weightCount)
    compact(codes, fit.frame.groups.count)
    count = rows.count
  }
}

/// How many rows were left out, and why.
struct DroppedRows: Sendable, Equatable {
  /// For each variable of the frame, the rows that lack it and no variable before it.
  var missing: [Int]
  var zeroWeight = 0

  var count: Int { missing.reduce(zeroWeight, +) }
}

extension ImmerseError {
  fileprivate static func fractionalCount(_ name: String) -> ImmerseError {
    ImmerseError(
      .badData, "holds fractions where frequency weights are counts", variable: name,
      remedy: "use sampling weights, or precision weights")
  }

  fileprivate static func negativeWeight(_ name: String) -> ImmerseError {
    ImmerseError(.badData, "holds negative weights", variable: name, remedy: "weights are positive, or 0 to leave out")
  }
}
