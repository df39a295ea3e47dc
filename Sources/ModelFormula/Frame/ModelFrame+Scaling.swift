public import Columnar
import Expressions
import Streaming

/// A shift and a scale that bring a design column's values near 0 and 1.
public struct ColumnScale: Sendable, Equatable {
  public var shift: Double
  public var scale: Double

  public static let identity = ColumnScale(shift: 0, scale: 1)

  public init(shift: Double, scale: Double) {
    self.shift = shift
    self.scale = scale
  }
}

extension ModelFrame {
  /// A rough centre and spread of every column, known before the rows are read; indicators and the intercept keep
  /// their scale. Results do not depend on them but for rounding.
  ///
  /// Numbers take mean and standard deviation from the profile, products of them as if they were independent.
  public func provisionalScales() throws(ImmerseError) -> [ColumnScale] {
    var ofVariables: [ColumnScale] = []
    for origin in origins { ofVariables.append(try scale(of: origin)) }
    return columns.map { column in
      if column.isIntercept { return .identity }
      var (mean, variance) = (1.0, 0.0)
      for part in column.parts {
        let scale = part.coding == .number ? ofVariables[part.variable] : .identity
        let (square, own) = (scale.shift * scale.shift, scale.scale * scale.scale)
        variance = variance * (square + own) + mean * mean * own
        mean *= scale.shift
      }
      let spread = variance.squareRoot()
      return ColumnScale(shift: mean, scale: spread.isFinite && spread > 0 ? spread : 1)
    }
  }

  private func scale(of origin: Origin) throws(ImmerseError) -> ColumnScale {
    switch origin {
    case .category: return .identity
    case .number(let name):
      let (mean, deviation) = momentsOfColumn(name)
      return ColumnScale(shift: mean, scale: deviation)
    case .expression(let expression): return try scale(of: expression)
    case .polynomial(let expression, let polynomial):
      // Columns of length 1.
      guard polynomial != nil else { return try scale(of: expression) }
      return ColumnScale(shift: 0, scale: 1 / Double(max(1, profile.rowCount)).squareRoot())
    case .centred(let expression, let centre):
      let own = try scale(of: expression)
      return ColumnScale(shift: centre.isMean ? own.shift : 0, scale: own.scale)
    }
  }

  /// The centre and spread of an expression: its value at the columns' means and a standard deviation to each side.
  func scale(of expression: Expression) throws(ImmerseError) -> ColumnScale {
    // Three rows: every number a standard deviation below its mean, at it, and above it.
    let probes = expression.columnRequests.map { request -> (name: String, column: Column) in
      if let levels = profile.levels[request.name], levels.numbers == nil {
        return (request.name, Column(.category(Buffer([0, 0, 0]), levels)))
      }
      let (mean, deviation) = momentsOfColumn(request.name)
      return (request.name, Column([mean - deviation, mean, mean + deviation]))
    }
    let values = try expression.evaluateNumbers(Batch(probes, rowCount: 3))
    guard values[1].isFinite else { return .identity }
    let spread = max((values[0] - values[1]).magnitude, (values[2] - values[1]).magnitude)
    return ColumnScale(shift: values[1], scale: spread.isFinite && spread > 0 ? spread : 1)
  }

  /// Of a numeric column, or of the numbers that a category's levels are.
  private func momentsOfColumn(_ name: String) -> (mean: Double, deviation: Double) {
    if let moments = profile.numbers[name] {
      let deviation = moments.standardDeviation
      return moments.count > 0 ? (moments.mean, deviation.isFinite && deviation > 0 ? deviation : 1) : (0, 1)
    }
    var moments = Moments()
    profile.levels[name]?.numbers?.withUnsafeBufferPointer { moments.absorb($0) }
    let deviation = moments.standardDeviation
    return (moments.mean, deviation.isFinite && deviation > 0 ? deviation : 1)
  }
}
