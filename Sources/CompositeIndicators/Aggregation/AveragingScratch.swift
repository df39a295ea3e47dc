import Numerics

/// Rows averaged at a time: few enough that sums and weights stay in the first-level cache.
let blockRows = 1024

extension Aggregation {
  /// Whether a mean of non-negative values exists where some are zero.
  var acceptsZero: Bool {
    if case .power(let exponent) = self { exponent > 0 } else { false }
  }
}

/// Room for one block of rows of one aggregate, and the loops over it.
struct AveragingScratch: ~Copyable {
  private let transformed = UnsafeMutablePointer<Double>.allocate(capacity: blockRows)
  private let weight = UnsafeMutablePointer<Double>.allocate(capacity: blockRows)
  private let present = UnsafeMutablePointer<Double>.allocate(capacity: blockRows)
  private let rowValues: UnsafeMutablePointer<Double>
  private let rowWeights: UnsafeMutablePointer<Double>

  init(children: Int) {
    rowValues = .allocate(capacity: max(children, 1))
    rowWeights = .allocate(capacity: max(children, 1))
  }

  deinit {
    for pointer in [transformed, weight, present, rowValues, rowWeights] { pointer.deallocate() }
  }

  /// Averages `rows` of the children into the beginning of `target`, and counts the values refused.
  func average(
    _ method: Aggregation, _ children: [UnsafePointer<Double>], _ weights: [Double], _ rows: Range<Int>,
    _ availability: Double, into target: UnsafeMutablePointer<Double>, refused: inout [Int]
  ) {
    let n = rows.count
    if method == .median {
      medians(children, weights, rows, availability, into: target)
      return
    }
    if method == .arithmetic && averageComplete(children, weights, rows, into: target) { return }
    target.update(repeating: 0, count: n)
    weight.initialize(repeating: 0, count: n)
    present.initialize(repeating: 0, count: n)
    for (index, child) in children.enumerated() {
      let values = child + rows.lowerBound
      if method == .arithmetic {
        addPresent(values, weights[index], n, to: target)
      } else {
        refused[index] += transform(values, by: method, n)
        addPresent(transformed, weights[index], n, to: target)
      }
    }
    let width = Double(children.count)
    for row in 0..<n {
      let isAvailable = present[row] / width >= availability && weight[row] > 0
      target[row] = isAvailable ? target[row] / weight[row] : .nan
    }
    invert(target, by: method, n)
  }

  /// The arithmetic mean where no value of the block is missing; false, and no mean, where one is.
  private func averageComplete(
    _ children: [UnsafePointer<Double>], _ weights: [Double], _ rows: Range<Int>,
    into target: UnsafeMutablePointer<Double>
  ) -> Bool {
    let n = rows.count
    var total = 0.0
    target.update(repeating: 0, count: n)
    for (child, w) in zip(children, weights) {
      let values = child + rows.lowerBound
      for row in 0..<n { target[row] += w * values[row] }
      total += w
    }
    var missing = 0
    for row in 0..<n { missing += target[row] == target[row] ? 0 : 1 }
    if missing > 0 { return false }
    for row in 0..<n { target[row] /= total }
    return true
  }

  private func addPresent(
    _ values: UnsafePointer<Double>, _ w: Double, _ n: Int, to sum: UnsafeMutablePointer<Double>
  ) {
    for row in 0..<n {
      let value = values[row]
      let isPresent = value == value
      sum[row] += isPresent ? w * value : 0
      weight[row] += isPresent ? w : 0
      present[row] += isPresent ? 1 : 0
    }
  }

  /// Puts into `transformed` what the method averages, and counts the values it is not defined for.
  private func transform(_ values: UnsafePointer<Double>, by method: Aggregation, _ n: Int) -> Int {
    var refused = 0
    switch method {
    case .arithmetic, .median: break
    case .geometric:
      for row in 0..<n {
        refused += values[row] <= 0 ? 1 : 0
        transformed[row] = Double.log(values[row])
      }
    case .harmonic:
      for row in 0..<n {
        refused += values[row] <= 0 ? 1 : 0
        transformed[row] = 1 / values[row]
      }
    case .power(let exponent):
      let acceptsZero = exponent > 0
      for row in 0..<n {
        let value = values[row]
        refused += value < 0 || value == 0 && !acceptsZero ? 1 : 0
        transformed[row] = Double.pow(value, exponent)
      }
    }
    return refused
  }

  private func invert(_ target: UnsafeMutablePointer<Double>, by method: Aggregation, _ n: Int) {
    switch method {
    case .arithmetic, .median: break
    case .geometric: for row in 0..<n { target[row] = Double.exp(target[row]) }
    case .harmonic: for row in 0..<n { target[row] = 1 / target[row] }
    case .power(let exponent):
      let inverse = 1 / exponent
      for row in 0..<n { target[row] = Double.pow(target[row], inverse) }
    }
  }

  private func medians(
    _ children: [UnsafePointer<Double>], _ weights: [Double], _ rows: Range<Int>, _ availability: Double,
    into target: UnsafeMutablePointer<Double>
  ) {
    for row in rows {
      var count = 0
      var total = 0.0
      var availableCount = 0
      for (child, w) in zip(children, weights) where child[row] == child[row] {
        availableCount += 1
        if w > 0 {
          insert(child[row], w, at: count)
          count += 1
          total += w
        }
      }
      let isAvailable = Double(availableCount) / Double(children.count) >= availability && count > 0
      target[row - rows.lowerBound] = isAvailable ? median(count, total) : .nan
    }
  }

  /// Insertion into the first `count` values, which ascend.
  private func insert(_ value: Double, _ w: Double, at count: Int) {
    var place = count
    while place > 0 && rowValues[place - 1] > value {
      rowValues[place] = rowValues[place - 1]
      rowWeights[place] = rowWeights[place - 1]
      place -= 1
    }
    rowValues[place] = value
    rowWeights[place] = w
  }

  private func median(_ count: Int, _ total: Double) -> Double {
    let half = total / 2
    // Sums of weights can miss an exact half in their last bits.
    let slack = 1e-12 * total
    var below = 0.0
    for place in 0..<count {
      below += rowWeights[place]
      if below > half + slack { return rowValues[place] }
      if below >= half - slack && place + 1 < count { return (rowValues[place] + rowValues[place + 1]) / 2 }
    }
    return rowValues[count - 1]
  }
}
