/// A number the library gave, and the one it has to be.
struct Check {
  let name: String
  let value: Double
  let expected: Double
  let relative: Double

  init(_ name: String, _ value: Double?, _ expected: Double, relative: Double = 1e-10) {
    self.name = name
    self.value = value ?? .nan
    self.expected = expected
    self.relative = relative
  }

  var description: String { "\(name): \(value)\(isMet ? "" : ", expected \(expected)")" }

  /// Written so that a NaN fails.
  var isMet: Bool { (value - expected).magnitude <= relative * expected.magnitude }
}
