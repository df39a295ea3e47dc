import Columnar
import RealModule
import Streaming

/// What climbing the tree of groups leaves behind.
struct UpSweep: Sendable {
  /// The accumulated triangles of the groups, by level; the lowest level's are the data.
  var grams: [[Double]]
  /// The packed triangle R of the fixed effects and the response.
  var root: [Double]
  /// Σ w l over all groups, w the product of the weights from the group to the top.
  var logDeterminant: Double
}

extension LinearMixedModel {
  /// Climbs from the lowest groups to the top: the recursion A_k = Σ_j w_j|k M_j, level by level.
  ///
  /// - Parameters:
  ///   - factors: Λ in terms of the stored columns for each level, a row for each carrier.
  ///   - logRatios: ρ of the residual classes but the first.
  func sweepUp(_ factors: [[Double]], logRatios: [Double] = []) throws(ImmerseError) -> UpSweep {
    let lowest = residuals?.lowest(logRatios, groupCount: levels[0].count) ?? lowest
    let pooledLowest = residuals == nil ? pooledLowest : Self.pooledByParent(lowest, levels[0])
    var sweep = UpSweep(grams: [lowest], root: [], logDeterminant: 0)
    for (depth, level) in levels.enumerated() {
      let isLowest = depth == 0
      let upper = packedCount(level.shape.upperCount)
      // A row of sums for each segment, and its Σ w l.
      var sums = [Double](repeating: 0, count: level.segments.count * (upper + 1))
      let grams = sweep.grams[depth]
      try sums.withUnsafeMutableBufferPointer { (sums) throws(ImmerseError) in
        guard let base = sums.baseAddress else { return }
        nonisolated(unsafe) let target = base
        try parallelForEach(level.tasks.count, threads: threads) { (task: Int) throws(ImmerseError) in
          level.project(
            grams, segments: level.tasks[task], factor: factors[depth], passesOwnSums: !isLowest, to: target)
        }
      }
      var above = isLowest ? pooledLowest : [Double](repeating: 0, count: level.parentCount * upper)
      for (index, segment) in level.segments.enumerated() {
        let (source, parent) = (index * (upper + 1), level.parents[segment.lowerBound] * upper)
        for k in 0..<upper { above[parent + k] += sums[source + k] }
        sweep.logDeterminant += sums[source + upper]
      }
      if depth + 1 < levels.count { sweep.grams.append(above) } else { sweep.root = above }
    }
    return sweep
  }

  /// Descends from the top to the lowest groups: the derivatives of a function of R and Σ w l with respect to every Λ.
  ///
  /// - Parameters:
  ///   - seed: the derivative with respect to R, a full symmetric matrix.
  ///   - logSeed: the derivative with respect to Σ w l.
  /// - Returns: for each level the derivative with respect to Λ in terms of the stored columns, a row for each carrier.
  func sweepDown(
    _ sweep: UpSweep, _ factors: [[Double]], seed: [Double], logSeed: Double
  ) throws(ImmerseError) -> [[Double]] {
    try descend(sweep, factors, seed: seed, logSeed: logSeed, toRows: false).gradients
  }

  /// `sweepDown`, and where the descent goes on `toRows` the derivative with respect to the lowest groups' triangles, a
  /// full symmetric matrix for each.
  func descend(
    _ sweep: UpSweep, _ factors: [[Double]], seed: [Double], logSeed: Double, toRows: Bool
  ) throws(ImmerseError) -> (gradients: [[Double]], lowest: [Double]) {
    var gradients = levels.map { [Double](repeating: 0, count: $0.shape.carriers * $0.shape.effects) }
    var adjoints = seed
    for (depth, level) in levels.enumerated().reversed() {
      let size = gradients[depth].count
      var partial = [Double](repeating: 0, count: level.tasks.count * size)
      let hasChildren = depth > 0 || toRows
      var own = [Double](repeating: 0, count: hasChildren ? level.count * level.shape.width * level.shape.width : 0)
      let (grams, parents) = (sweep.grams[depth], adjoints)
      try partial.withUnsafeMutableBufferPointer { (partial) throws(ImmerseError) in
        try own.withUnsafeMutableBufferPointer { (own) throws(ImmerseError) in
          guard let base = partial.baseAddress else { return }
          nonisolated(unsafe) let target = base
          nonisolated(unsafe) let children = hasChildren ? own.baseAddress : nil
          try parallelForEach(level.tasks.count, threads: threads) { (task: Int) throws(ImmerseError) in
            level.differentiate(
              grams, segments: level.tasks[task], factor: factors[depth], adjoints: parents, logSeed: logSeed,
              to: target + task * size, children: children)
          }
        }
      }
      for task in level.tasks.indices {
        for k in 0..<size { gradients[depth][k] += partial[task * size + k] }
      }
      adjoints = own
    }
    return (gradients, adjoints)
  }
}

extension LinearMixedModel.Level {
  /// Up to four consecutive groups of a segment.
  private func lanes(_ values: [Double], _ first: Int, _ count: Int) -> Lanes {
    var lanes = Lanes.zero
    for lane in 0..<count { lanes[lane] = values[first + lane] }
    return lanes
  }

  /// Writes for each segment the sum of w M over its groups, and of w l with all weights above; of M only −C'C where
  /// the groups' own triangles are summed elsewhere.
  fileprivate func project(
    _ grams: [Double], segments range: Range<Int>, factor: [Double], passesOwnSums: Bool,
    to target: UnsafeMutablePointer<Double>
  ) {
    let upper = packedCount(shape.upperCount)
    let block = SiblingBlock(shape, lambda: factor)
    defer { block.deallocate() }
    withUnsafeTemporaryAllocation(of: Lanes.self, capacity: upper) { sums in
      guard let sums = sums.baseAddress else { return }
      grams.withUnsafeBufferPointer { grams in
        guard let grams = grams.baseAddress else { return }
        for index in range {
          let segment = segments[index]
          sums.initialize(repeating: .zero, count: upper)
          var logs = 0.0
          for first in stride(from: segment.lowerBound, to: segment.upperBound, by: 4) {
            let count = min(4, segment.upperBound - first)
            block.load(grams, group: first, count: count)
            let determinant = block.factor()
            for lane in 0..<count { logs += totalWeights[first + lane] * .log(determinant[lane]) }
            block.subtractProjection(weights: lanes(weights, first, count), from: sums)
          }
          let row = target + index * (upper + 1)
          for k in 0..<upper { row[k] = sums[k].sum() }
          row[upper] = logs
          if passesOwnSums { addOwnSums(grams, segment, to: row) }
        }
      }
    }
  }

  private func addOwnSums(
    _ grams: UnsafePointer<Double>, _ segment: Range<Int>, to row: UnsafeMutablePointer<Double>
  ) {
    for group in segment {
      let own = grams + group * shape.gramSize
      for a in 0..<shape.upperCount {
        for b in 0...a {
          row[packed(a, b)] += weights[group] * own[packed(shape.firstUpper + a, shape.firstUpper + b)]
        }
      }
    }
  }

  /// Adds up the derivative with respect to Λ over the segments' groups, and writes the groups' own adjoints for
  /// their children.
  fileprivate func differentiate(
    _ grams: [Double], segments range: Range<Int>, factor: [Double], adjoints: [Double], logSeed: Double,
    to target: UnsafeMutablePointer<Double>, children: UnsafeMutablePointer<Double>?
  ) {
    let (m, size) = (shape.upperCount, shape.carriers * shape.effects)
    let block = SiblingBlock(shape, lambda: factor)
    defer { block.deallocate() }
    withUnsafeTemporaryAllocation(of: Lanes.self, capacity: size + shape.effects * m) { scratch in
      guard let gradient = scratch.baseAddress else { return }
      gradient.initialize(repeating: .zero, count: size + shape.effects * m)
      let mixed = gradient + size
      grams.withUnsafeBufferPointer { grams in
        adjoints.withUnsafeBufferPointer { adjoints in
          guard let grams = grams.baseAddress, let adjoints = adjoints.baseAddress else { return }
          for index in range {
            let segment = segments[index]
            let adjoint = adjoints + parents[segment.lowerBound] * m * m
            for first in stride(from: segment.lowerBound, to: segment.upperBound, by: 4) {
              let count = min(4, segment.upperBound - first)
              let logAdjoints = logSeed * lanes(totalWeights, first, count)
              block.load(grams, group: first, count: count)
              _ = block.factor()
              block.solve()
              block.addGradient(
                adjoint: adjoint, weights: lanes(weights, first, count), logAdjoints: logAdjoints, mixed: mixed,
                to: gradient)
              guard let children else { continue }
              for lane in 0..<count {
                block.writeAdjoint(
                  lane: lane, adjoint: adjoint, weight: weights[first + lane], logAdjoint: logAdjoints[lane],
                  to: children + (first + lane) * shape.width * shape.width)
              }
            }
          }
        }
      }
      for k in 0..<size { target[k] = gradient[k].sum() }
    }
  }
}
