public import Testing

/// Expects two numbers to agree to a relative tolerance, or to an absolute one near zero.
public func expectClose(
  _ actual: Double, _ expected: Double, relative: Double = 1e-10, absolute: Double = 0, _ label: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let limit = max(absolute, relative * expected.magnitude)
  let error = (actual - expected).magnitude
  // Written so that a NaN on either side fails.
  let isClose = error <= limit
  #expect(
    isClose, "\(label) \(actual) is not \(expected): off by \(error), allowed \(limit)", sourceLocation: sourceLocation)
}

/// Expects two lists of numbers to agree element by element.
public func expectClose(
  _ actual: [Double], _ expected: [Double], relative: Double = 1e-10, absolute: Double = 0, _ label: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let sameCount = actual.count == expected.count
  #expect(sameCount, "\(label) has \(actual.count) values, expected \(expected.count)", sourceLocation: sourceLocation)
  for (index, pair) in zip(actual, expected).enumerated() {
    expectClose(
      pair.0, pair.1, relative: relative, absolute: absolute, "\(label)[\(index)]", sourceLocation: sourceLocation)
  }
}
