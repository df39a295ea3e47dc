import Columnar
import Numerics

/// The scores of one aggregate under many weightings of the same normalised units.
///
/// All of a unit's averages under a block of draws fit in the first-level cache, and every operation is done for a block
/// of draws at once. What is averaged are transformed values (logarithms for the geometric mean), and an average of
/// averages of the same kind is never transformed back in between.
struct DrawnScores: Sendable {
  /// Draws worked on at a time.
  static let width = 16

  private struct Part {
    /// The column of transformed values of an indicator; nil for an aggregate.
    var column: Int?
    /// The position among `groups` of an aggregate.
    var group: Int
    var term: Int
    var weight: Double
  }

  private struct Group {
    var form: MeanForm
    /// Positions in `parts`.
    var parts: Range<Int>
  }

  private let groups: [Group]
  private let parts: [Part]
  /// Unit by unit, one transformed value for each part that is an indicator.
  private let values: [Double]
  private let columns: Int
  private let units: Int
  private let minimumAvailability: Double

  /// Nil where a method is not a mean of transformed values.
  ///
  /// - Parameters:
  ///   - scores: what `aggregation` made of the units: its checks have been passed.
  ///   - target: the position of the term wanted.
  init?(_ aggregation: FrozenAggregation, _ scores: UnitMatrix, target: Int) {
    let first = aggregation.terms.count - aggregation.groups.count
    var needed = Set([target])
    for group in aggregation.groups.reversed() where needed.contains(group.target) { needed.formUnion(group.children) }
    var position: [Int: Int] = [:]
    var (groups, parts, columns): ([Group], [Part], [[Double]]) = ([], [], [])
    for (index, group) in aggregation.groups.enumerated() where needed.contains(group.target) {
      guard !aggregation.hasOwnWeights(index), let form = MeanForm(aggregation.methods[index]) else { return nil }
      position[group.target] = groups.count
      let start = parts.count
      for (child, weight) in zip(group.children, group.weights) {
        var part = Part(column: nil, group: position[child] ?? 0, term: child, weight: weight)
        if child < first {
          part.column = columns.count
          columns.append(scores.columns[child].array.map(form.forward))
        }
        parts.append(part)
      }
      groups.append(Group(form: form, parts: start..<parts.count))
    }
    guard !groups.isEmpty else { return nil }
    self.groups = groups
    self.parts = parts
    self.columns = columns.count
    units = scores.units.count
    values = (0..<units).flatMap { unit in columns.map { $0[unit] } }
    minimumAvailability = aggregation.minimumAvailability
  }

  /// The scores of all units under up to `width` draws: unit by unit, `width` values each, NaN where there is none.
  ///
  /// - Parameter factors: one row for each draw, one factor for each term.
  func score(_ factors: [ArraySlice<Double>], into target: UnsafeMutablePointer<Double>) {
    let width = Self.width
    let weights = blockWeights(factors)
    let means = UnsafeMutablePointer<Double>.allocate(capacity: groups.count * width)
    let share = UnsafeMutablePointer<Double>.allocate(capacity: width)
    let isPresent = UnsafeMutablePointer<Bool>.allocate(capacity: groups.count)
    defer {
      means.deallocate()
      share.deallocate()
      isPresent.deallocate()
    }
    guard let last = groups.last else { return }
    let top = means + (groups.count - 1) * width
    weights.withUnsafeBufferPointer { weights in
      values.withUnsafeBufferPointer { values in
        parts.withUnsafeBufferPointer { parts in
          guard let weights = weights.baseAddress else { return }
          for unit in 0..<units {
            let row = UnsafeBufferPointer(rebasing: values[unit * columns..<(unit + 1) * columns])
            for (index, group) in groups.enumerated() {
              isPresent[index] = average(
                group, parts, row, weights, means, isPresent, share, into: means + index * width)
            }
            let scores = target + unit * width
            for draw in 0..<width { scores[draw] = isPresent[groups.count - 1] ? last.form.inverse(top[draw]) : .nan }
          }
        }
      }
    }
  }

  /// Weights of all parts of all groups under each draw, summing to 1 within a group; draws past the last get zeros.
  private func blockWeights(_ factors: [ArraySlice<Double>]) -> [Double] {
    let width = Self.width
    var weights = [Double](repeating: 0, count: parts.count * width)
    for (draw, row) in factors.enumerated() {
      for group in groups {
        var total = 0.0
        for part in group.parts {
          let weight = parts[part].weight * row[row.startIndex + parts[part].term]
          weights[part * width + draw] = weight
          total += weight
        }
        for part in group.parts { weights[part * width + draw] /= total }
      }
    }
    return weights
  }

  /// The mean of a unit's parts, transformed; false where too few have a value.
  private func average(
    _ group: Group, _ parts: UnsafeBufferPointer<Part>, _ row: UnsafeBufferPointer<Double>,
    _ weights: UnsafePointer<Double>, _ means: UnsafePointer<Double>, _ isPresent: UnsafePointer<Bool>,
    _ share: UnsafeMutablePointer<Double>, into mean: UnsafeMutablePointer<Double>
  ) -> Bool {
    let width = Self.width
    for draw in 0..<width { (mean[draw], share[draw]) = (0, 0) }
    var available = 0
    var hasWeight = false
    for index in group.parts {
      let part = parts[index]
      let weight = weights + index * width
      if let column = part.column {
        let value = row[column]
        if value.isNaN { continue }
        for draw in 0..<width { mean[draw] += weight[draw] * value }
      } else {
        guard isPresent[part.group] else { continue }
        let other = means + part.group * width
        let form = groups[part.group].form
        if form == group.form {
          for draw in 0..<width { mean[draw] += weight[draw] * other[draw] }
        } else {
          for draw in 0..<width { mean[draw] += weight[draw] * group.form.forward(form.inverse(other[draw])) }
        }
      }
      for draw in 0..<width { share[draw] += weight[draw] }
      available += 1
      hasWeight = hasWeight || part.weight > 0
    }
    let isEnough = Double(available) / Double(group.parts.count) >= minimumAvailability && hasWeight
    if isEnough && available < group.parts.count { for draw in 0..<width { mean[draw] /= share[draw] } }
    return isEnough
  }
}

/// The transformation under which a mean is arithmetic.
enum MeanForm: Sendable, Equatable {
  case identity, logarithm, reciprocal
  case power(Double)

  /// Nil for a method that is no such mean.
  init?(_ method: Aggregation) {
    switch method {
    case .arithmetic: self = .identity
    case .geometric: self = .logarithm
    case .harmonic: self = .reciprocal
    case .power(let exponent): self = .power(exponent)
    default: return nil
    }
  }

  @inline(__always) func forward(_ x: Double) -> Double {
    switch self {
    case .identity: x
    case .logarithm: Double.log(x)
    case .reciprocal: 1 / x
    case .power(let exponent): Double.pow(x, exponent)
    }
  }

  @inline(__always) func inverse(_ y: Double) -> Double {
    switch self {
    case .identity: y
    case .logarithm: Double.exp(y)
    case .reciprocal: 1 / y
    case .power(let exponent): Double.pow(y, 1 / exponent)
    }
  }
}
