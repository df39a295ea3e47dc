import Columnar
import LinearAlgebra
import RealModule

/// Find η with Σ d F(x'η) x = t: the dual of the least distance between weights that meet the totals t (Deville and
/// Särndal 1992, section 2).
///
/// The left side less t is the negative gradient of a concave function of η, which Newton's method climbs. A step is halved
/// until the gradient at its end still points along it, so that all of it rose, or until the totals are nearer. With a
/// cost c on misses the equation is Σ d F(x'η) x + η/c = t, which always has
/// a solution (Beaumont and Bocci 2008): the totals reached as c grows are the nearest that weights can reach.
struct CalibrationProblem {
  let targets: [Double]
  /// By total, 1/c; 0 where it is to be met exactly.
  let ridges: [Double]
  let function: CalibrationFunction
  /// By unit: its starting weight over all its rows, and the bounds of its g.
  private(set) var weights: [Double] = []
  private(set) var lower: [Double] = []
  private(set) var upper: [Double] = []
  private var offsets = [0]
  private var terms: [Int] = []
  private var values: [Double] = []

  struct Solution {
    var eta: [Double]
    var reached: [Double]
    var iterations: Int
    var relativeError: Double
  }

  init(targets: [Double], ridges: [Double]? = nil, function: CalibrationFunction) {
    self.targets = targets
    self.ridges = ridges ?? targets.map { _ in 0 }
    self.function = function
  }

  /// Adds a unit, whose x is given by its terms that are not zero.
  mutating func add(weight: Double, lower: Double, upper: Double, _ x: some Sequence<(term: Int, value: Double)>) {
    weights.append(weight)
    self.lower.append(lower)
    self.upper.append(upper)
    for (term, value) in x {
      terms.append(term)
      values.append(value)
    }
    offsets.append(terms.count)
  }

  /// - Parameters:
  ///   - tolerance: the relative error of every total at which to stop.
  ///   - cost: of missing totals that have no cost, in units of their spread; nil where they are to be met exactly.
  ///   - start: where to begin; zeros by default.
  func solve(
    tolerance: Double, iterations: Int, cost: Double? = nil, from start: [Double]? = nil
  ) throws(ImmerseError) -> Solution {
    let scale = scales()
    let ridge = zip(ridges, scale).map { own, s in own > 0 ? own : cost.map { s * s / $0 } ?? 0 }
    var eta = start ?? targets.map { _ in 0 }
    var state = evaluate(eta, ridge)
    var count = 0
    while count < iterations && !(state.error <= tolerance) {
      let step = try direction(state, scale, ridge)
      var length = 1.0
      var next: State?
      // Forty halvings leave nothing of a step.
      for _ in 0..<40 {
        let trial = zip(eta, step).map { $0 + length * $1 }
        let there = evaluate(trial, ridge)
        let rise = zip(there.gradient, step).reduce(0) { $0 + $1.0 * $1.1 }
        if rise >= 0 || there.error < state.error {
          eta = trial
          next = there
          break
        }
        length /= 2
      }
      guard let next else { break }
      count += 1
      state = next
    }
    return Solution(eta: eta, reached: state.reached, iterations: count, relativeError: state.error)
  }

  private struct State {
    var reached: [Double]
    var slopes: Matrix
    var gradient: [Double]
    var error: Double
  }

  /// √(Σ d x²), the spread by which each total is measured.
  private func scales() -> [Double] {
    var squares = targets.map { _ in 0.0 }
    for unit in weights.indices {
      for index in offsets[unit]..<offsets[unit + 1] {
        squares[terms[index]] += weights[unit] * values[index] * values[index]
      }
    }
    return squares.map { $0 > 0 ? $0.squareRoot() : 1 }
  }

  private func evaluate(_ eta: [Double], _ ridge: [Double]) -> State {
    var (reached, sizes) = (targets.map { _ in 0.0 }, targets.map { _ in 0.0 })
    var slopes = Matrix(rows: targets.count, columns: targets.count)
    for unit in weights.indices {
      let range = offsets[unit]..<offsets[unit + 1]
      var u = 0.0
      for index in range { u += eta[terms[index]] * values[index] }
      let f = function.evaluate(u, lower[unit], upper[unit])
      for index in range {
        let weighted = weights[unit] * values[index]
        reached[terms[index]] += weighted * f.value
        sizes[terms[index]] += weighted.magnitude
        for other in range { slopes[terms[index], terms[other]] += weighted * f.slope * values[other] }
      }
    }
    var gradient = targets
    var error = 0.0
    for k in targets.indices {
      gradient[k] = targets[k] - reached[k] - ridge[k] * eta[k]
      let size = targets[k] == 0 ? sizes[k] : targets[k].magnitude
      let relative = gradient[k].magnitude / max(size, .leastNormalMagnitude)
      // Written so that NaN counts as the worst.
      if !(relative <= error) { error = relative }
    }
    return State(reached: reached, slopes: slopes, gradient: gradient, error: error)
  }

  /// The Newton step, with terms scaled to equal spread.
  private func direction(_ state: State, _ scale: [Double], _ ridge: [Double]) throws(ImmerseError) -> [Double] {
    try CalibrationProblem.solve(state.slopes, ridge: ridge, state.gradient, scale: scale)
  }

  /// (H + ridge)⁻¹ g by the generalised inverse, in terms divided by `scale`: margins may depend on each other.
  static func solve(
    _ matrix: Matrix, ridge: [Double]? = nil, _ right: [Double], scale: [Double]
  ) throws(ImmerseError) -> [Double] {
    var scaled = matrix
    for i in scale.indices {
      if let ridge { scaled[i, i] += ridge[i] }
      for j in scale.indices { scaled[i, j] = scaled[i, j] / scale[i] / scale[j] }
    }
    do {
      let solution = try SymmetricEigen(scaled).pseudoInverse() * zip(right, scale).map { $0 / $1 }
      return zip(solution, scale).map { $0 / $1 }
    } catch {
      throw ImmerseError(
        .badData, "the margins' numbers and weights are too large or too unequal to be calibrated: \(error)",
        remedy: "rescale them")
    }
  }
}
