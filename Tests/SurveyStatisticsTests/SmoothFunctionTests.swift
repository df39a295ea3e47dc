import Testing

@testable import SurveyStatistics

/// Derivatives carried by dual numbers against differences of function values.
struct SmoothFunctionTests {
  static let functions: [(SmoothFunction, [Double])] = [
    (.total(shift: 3), [12, 5]), (.quotient(shift: 2), [12, 5]), (.variance(scale: 4), [9, 2, 7]),
    (.standardDeviation(scale: 4), [9, 2, 7]), (.covariance(scale: 2), [9, 2, 1, 7, 3, 8]),
    (.correlation, [9, 2, 1, 7, 3, 8]),
  ]

  @Test(arguments: functions)
  func gradientsAreThoseOfDifferences(function: SmoothFunction, totals: [Double]) {
    let linear = function.linearised(at: totals, count: 30)
    let value = function(totals, count: 30)
    #expect(linear.value == value)
    for index in totals.indices {
      let step = 1e-5
      var (up, down) = (totals, totals)
      up[index] += step
      down[index] -= step
      let slope = (function(up, count: 30) - function(down, count: 30)) / (2 * step)
      let error = (linear.gradient[index] - slope).magnitude
      #expect(error < 1e-8, "\(function), total \(index)")
    }
  }

  @Test func everyOperationCarriesItsDerivative() {
    func f<Number: SmoothNumber>(_ x: Number, _ y: Number) -> Number {
      let product = (x * y + x / y).squareRoot() - (x - y).exponential()
      return product + (x.power(y) + Number(-3) * x.power(Number(2))).distance() * y.naturalLogarithm()
    }
    let (x, y, step) = (1.3, 0.7, 1e-6)
    let variables = Dual.variables([x, y])
    let result = f(variables[0], variables[1])
    let byX = (f(x + step, y) - f(x - step, y)) / (2 * step)
    let byY = (f(x, y + step) - f(x, y - step)) / (2 * step)
    let errors = [(result.gradient[0] - byX).magnitude, (result.gradient[1] - byY).magnitude]
    #expect(errors[0] < 1e-8 && errors[1] < 1e-8)
    let value = f(x, y)
    #expect(result.value == value)
  }

  /// Adding a row and merging records give what the definitions do, in any split.
  @Test func momentsOfTermsMerge() {
    var rows: [[Double]] = []
    for row in 0..<23 {
      let (first, second, third) = (Double(row % 5), Double((row * 7) % 11), Double(row % 3))
      rows.append([first, second - 3, third + 1])
    }
    for split in [0, 1, 9, 23] {
      var records = [[Double](repeating: 0, count: RowMoments.recordWidth(terms: 3))]
      records.append(records[0])
      for (index, row) in rows.enumerated() {
        records[index < split ? 0 : 1].withUnsafeMutableBufferPointer { record in
          row.withUnsafeBufferPointer { row in
            if let row = row.baseAddress, let record = record.baseAddress { RowMoments.add(row, terms: 3, to: record) }
          }
        }
      }
      var merged = records[0]
      merged.withUnsafeMutableBufferPointer { record in
        records[1].withUnsafeBufferPointer { other in
          if let record = record.baseAddress, let other = other.baseAddress {
            RowMoments.merge(other, terms: 3, into: record)
          }
        }
      }
      var means = [0.0, 0, 0]
      for row in rows {
        for i in 0..<3 { means[i] += row[i] / 23 }
      }
      var expected = [23.0] + means
      for i in 0..<3 {
        for j in i..<3 {
          var product = 0.0
          for row in rows { product += (row[i] - means[i]) * (row[j] - means[j]) }
          expected.append(product)
        }
      }
      for (value, target) in zip(merged, expected) {
        let error = (value - target).magnitude
        #expect(error < 1e-11, "split at \(split)")
      }
    }
  }
}
