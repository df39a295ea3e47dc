/// Maps a range of values onto a range of positions, with round numbers for its ticks.
struct LinearScale {
  let domain: ClosedRange<Double>
  let range: ClosedRange<Double>
  let ticks: [Double]
  /// Decimals a tick label needs.
  let decimals: Int

  /// Widens the values to whole steps of 1, 2 or 5 times a power of ten.
  init(values: [Double], range: ClosedRange<Double>, steps: Int = 6) {
    let finite = values.filter(\.isFinite)
    var low = finite.min() ?? 0
    var high = finite.max() ?? 1
    if low == high { (low, high) = (low - 1, high + 1) }
    let step = LinearScale.roundStep((high - low) / Double(steps))
    let first = (low / step).rounded(.down)
    let last = (high / step).rounded(.up)
    domain = (first * step)...(last * step)
    self.range = range
    ticks = stride(from: first, through: last, by: 1).map { $0 * step }
    var decimals = 0
    var scaled = step
    while scaled < 0.9999 && decimals < 8 {
      scaled *= 10
      decimals += 1
    }
    self.decimals = decimals
  }

  func position(_ value: Double) -> Double {
    let share = (value - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
    return range.lowerBound + share * (range.upperBound - range.lowerBound)
  }

  private static func roundStep(_ step: Double) -> Double {
    var power = 1.0
    while power * 10 <= step { power *= 10 }
    while power > step { power /= 10 }
    for factor in [1.0, 2, 5, 10] where power * factor >= step { return power * factor }
    return power * 10
  }
}
