import Numerics

/// Rows averaged at a time: few enough that sums and weights stay in the first-level cache.
let blockRows = 1024

/// Room for one block of rows of one aggregate, and the loops over it.
struct AveragingScratch: ~Copyable {
  private let transformed: UnsafeMutablePointer<Double>
  /// The present values of one row that have a weight, ascending, and their weights.
  private let rowValues: UnsafeMutablePointer<Double>
  private let rowWeights: UnsafeMutablePointer<Double>

  /// - Parameter children: the most that one aggregate has.
  init(children: Int) {
    transformed = .allocate(capacity: blockRows * max(children, 1))
    rowValues = .allocate(capacity: max(children, 1))
    rowWeights = .allocate(capacity: max(children, 1))
  }

  deinit {
    for pointer in [transformed, rowValues, rowWeights] { pointer.deallocate() }
  }

  /// Averages `rows` of the children into the beginning of `target`, and counts the values refused.
  ///
  /// - Parameter refused: one for each child.
  func average(
    _ method: Aggregation, _ children: [UnsafePointer<Double>], _ weights: [Double], _ reference: GroupReference,
    _ rows: Range<Int>, _ availability: Double, into target: UnsafeMutablePointer<Double>, refused: inout [Int]
  ) {
    if case .frontier(let frontier) = reference {
      return frontier.score(
        children, rows, { isEnough($0, of: children.count, availability) }, into: target, refused: &refused)
    }
    switch method {
    case .arithmetic:
      children.withUnsafeBufferPointer { children in
        weights.withUnsafeBufferPointer { arithmeticMeans(children, $0, rows, availability, into: target) }
      }
    case .geometric, .harmonic, .power:
      let images = children.indices.map { index in
        let image = transformed + index * blockRows
        refused[index] += transform(children[index] + rows.lowerBound, rows.count, by: method, into: image)
        return UnsafePointer(image)
      }
      images.withUnsafeBufferPointer { images in
        weights.withUnsafeBufferPointer {
          arithmeticMeans(images, $0, 0..<rows.count, availability, into: target)
        }
      }
      invert(target, rows.count, by: method)
    case .median, .owa, .mpi, .meanMin:
      if case .mpi = method {
        for (index, child) in children.enumerated() {
          for row in rows where child[row] <= 0 { refused[index] += 1 }
        }
      }
      for row in rows {
        let (count, total, present) = gather(children, weights, row)
        let isAvailable = isEnough(present, of: children.count, availability) && count > 0
        target[row - rows.lowerBound] = isAvailable ? ordered(method, count, total) : .nan
      }
    case .wroclaw, .copeland, .outranking, .kemeny:
      for row in rows {
        let values = children.map { $0[row] }
        let present = values.count { $0 == $0 }
        let isAvailable = isEnough(present, of: children.count, availability)
        target[row - rows.lowerBound] = isAvailable ? reference.score(values, weights, by: method) : .nan
      }
    }
  }

  private func isEnough(_ present: Int, of children: Int, _ availability: Double) -> Bool {
    Double(present) >= availability * Double(children) * (1 - 1e-12)
  }

  /// What the method averages, and how many values it is not defined for.
  private func transform(
    _ values: UnsafePointer<Double>, _ n: Int, by method: Aggregation, into image: UnsafeMutablePointer<Double>
  ) -> Int {
    var refused = 0
    switch method {
    case .geometric:
      for row in 0..<n {
        refused += values[row] <= 0 ? 1 : 0
        image[row] = Double.log(values[row])
      }
    case .harmonic:
      for row in 0..<n {
        refused += values[row] <= 0 ? 1 : 0
        image[row] = 1 / values[row]
      }
    case .power(let exponent):
      let acceptsZero = exponent > 0
      for row in 0..<n {
        let value = values[row]
        refused += value < 0 || value == 0 && !acceptsZero ? 1 : 0
        image[row] = Double.pow(value, exponent)
      }
    default: break
    }
    return refused
  }

  private func invert(_ target: UnsafeMutablePointer<Double>, _ n: Int, by method: Aggregation) {
    switch method {
    case .geometric: for row in 0..<n { target[row] = Double.exp(target[row]) }
    case .harmonic: for row in 0..<n { target[row] = 1 / target[row] }
    case .power(let exponent):
      let inverse = 1 / exponent
      for row in 0..<n { target[row] = Double.pow(target[row], inverse) }
    default: break
    }
  }

  /// Sorts one row's present values that have a weight into the scratch.
  ///
  /// - Returns: how many these are, their weights' sum, and how many are present with or without weight.
  private func gather(
    _ children: [UnsafePointer<Double>], _ weights: [Double], _ row: Int
  ) -> (count: Int, total: Double, present: Int) {
    var (count, total, present) = (0, 0.0, 0)
    for (child, weight) in zip(children, weights) where child[row] == child[row] {
      present += 1
      if weight == 0 { continue }
      let value = child[row]
      var place = count
      while place > 0 && rowValues[place - 1] > value {
        rowValues[place] = rowValues[place - 1]
        rowWeights[place] = rowWeights[place - 1]
        place -= 1
      }
      rowValues[place] = value
      rowWeights[place] = weight
      count += 1
      total += weight
    }
    return (count, total, present)
  }

  /// An average of the gathered values of one row.
  private func ordered(_ method: Aggregation, _ count: Int, _ total: Double) -> Double {
    switch method {
    case .owa(.atLeast(let part)): return plainMean(max(0, count - part)..<count)
    case .owa(.moreThan(let part)): return plainMean(0..<min(part, count))
    case .mpi(let penalty, let divisor):
      let m = weightedMean(count, total)
      var variance = 0.0
      for place in 0..<count {
        let d = rowValues[place] - m
        variance += rowWeights[place] / total * d * d
      }
      // One value has no spread under either divisor.
      if divisor == .sample && count > 1 { variance *= Double(count) / Double(count - 1) }
      return penalty == .minus ? m - variance / m : m + variance / m
    case .meanMin(let alpha, let beta):
      let m = weightedMean(count, total)
      let gap = m - rowValues[0]
      return m - alpha * ((gap * gap + beta * beta).squareRoot() - beta)
    default: return median(count, total)
    }
  }

  private func plainMean(_ places: Range<Int>) -> Double {
    var sum = 0.0
    for place in places { sum += rowValues[place] }
    return sum / Double(places.count)
  }

  private func weightedMean(_ count: Int, _ total: Double) -> Double {
    var sum = 0.0
    for place in 0..<count { sum += rowWeights[place] * rowValues[place] }
    return sum / total
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
