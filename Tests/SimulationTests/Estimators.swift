import Columnar
import Simulation
import Streaming

/// Columns of a whole study, in the forms the tests compute with.
struct StudyData {
  let study: SimulatedStudy
  private var numbers: [String: [Double]] = [:]
  private var codes: [String: [Int]] = [:]
  private(set) var levels: [String: [String]] = [:]

  init(_ study: SimulatedStudy, numbers names: [String], categories: [String] = []) throws {
    self.study = study
    for chunk in 0..<study.chunkCount {
      let requests = names.map { ColumnRequest.number($0) } + categories.map { .category($0) }
      let batch = try study.chunk(chunk, requests)
      for name in names { numbers[name, default: []] += try batch.numbers(name).array }
      for name in categories {
        let column = try batch.categories(name)
        // Levels of a column may differ between chunks.
        let offset = levels[name]?.count ?? 0
        levels[name, default: []] += column.levels.names
        codes[name, default: []] += column.codes.array.map { Int($0) + offset }
      }
    }
    for name in categories { unify(name) }
  }

  subscript(name: String) -> [Double] { numbers[name] ?? [] }

  func codes(_ name: String) -> [Int] { codes[name] ?? [] }

  /// The distinct levels of a category that occur.
  func distinct(_ name: String) -> Set<String> {
    let names = levels[name] ?? []
    return Set(Set(codes(name)).map { names[$0] })
  }

  /// The rows in which a category has a level.
  func rows(where name: String, is level: String) -> [Int] {
    guard let code = levels[name]?.firstIndex(of: level) else { return [] }
    return codes(name).indices.filter { codes(name)[$0] == code }
  }

  private mutating func unify(_ name: String) {
    var first: [String: Int] = [:]
    let names = levels[name] ?? []
    let map = names.indices.map { index in
      if let known = first[names[index]] { return known }
      first[names[index]] = index
      return index
    }
    codes[name] = codes(name).map { map[$0] }
  }
}

func mean(_ values: some Collection<Double>) -> Double { values.reduce(0, +) / Double(values.count) }

func variance(_ values: some Collection<Double>) -> Double {
  let centre = mean(values)
  return values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / Double(values.count - 1)
}

func coefficientOfVariation(_ values: [Double]) -> Double { variance(values).squareRoot() / mean(values) }

/// Components of variance of a one-way random model by the method of moments (Searle, Casella, McCulloch 1992, ch. 3).
func varianceComponents(_ values: [Double], _ groups: [Int]) -> (between: Double, within: Double) {
  var sums: [Int: (count: Double, sum: Double)] = [:]
  for (value, group) in zip(values, groups) {
    let known = sums[group] ?? (0, 0)
    sums[group] = (known.count + 1, known.sum + value)
  }
  var within = 0.0
  for (value, group) in zip(values, groups) {
    guard let own = sums[group] else { continue }
    let deviation = value - own.sum / own.count
    within += deviation * deviation
  }
  let count = Double(values.count)
  let groupCount = Double(sums.count)
  let overall = mean(values)
  var between = 0.0
  var squares = 0.0
  for group in sums.keys.sorted() {
    guard let own = sums[group] else { continue }
    let deviation = own.sum / own.count - overall
    between += own.count * deviation * deviation
    squares += own.count * own.count
  }
  let withinVariance = within / (count - groupCount)
  let effective = (count - squares / count) / (groupCount - 1)
  return ((between / (groupCount - 1) - withinVariance) / effective, withinVariance)
}

/// Least squares on deviations from the means of the groups.
func withinGroupRegression(_ response: [Double], _ predictors: [[Double]], _ groups: [Int]) -> [Double] {
  func centred(_ values: [Double]) -> [Double] {
    var sums: [Int: (count: Double, sum: Double)] = [:]
    for (value, group) in zip(values, groups) {
      let known = sums[group] ?? (0, 0)
      sums[group] = (known.count + 1, known.sum + value)
    }
    return zip(values, groups).map { value, group in
      guard let own = sums[group] else { return value }
      return value - own.sum / own.count
    }
  }
  let y = centred(response)
  let x = predictors.map(centred)
  var matrix = x.map { a in x.map { b in zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } } }
  var right = x.map { a in zip(a, y).reduce(0) { $0 + $1.0 * $1.1 } }
  for pivot in x.indices {
    for row in x.indices where row != pivot {
      let factor = matrix[row][pivot] / matrix[pivot][pivot]
      for column in x.indices { matrix[row][column] -= factor * matrix[pivot][column] }
      right[row] -= factor * right[pivot]
    }
  }
  return x.indices.map { right[$0] / matrix[$0][$0] }
}

/// A weighted mean over some rows, its standard error with sites drawn with replacement within strata, and its degrees of
/// freedom. Missing values count as outside the domain.
func weightedMean(
  _ values: [Double], _ weights: [Double], rows: [Int], sites: [Int], strata: [Int]
) -> (mean: Double, standardError: Double, df: Double) {
  var total = 0.0
  var sum = 0.0
  for row in rows where !values[row].isNaN {
    total += weights[row]
    sum += weights[row] * values[row]
  }
  let mean = sum / total
  var bySite: [Int: (stratum: Int, sum: Double)] = [:]
  for row in rows {
    let known = bySite[sites[row]]?.sum ?? 0
    let score = values[row].isNaN ? 0 : weights[row] * (values[row] - mean) / total
    bySite[sites[row]] = (strata[row], known + score)
  }
  var byStratum: [Int: [Double]] = [:]
  for site in bySite.keys.sorted() {
    guard let own = bySite[site] else { continue }
    byStratum[own.stratum, default: []].append(own.sum)
  }
  var variance = 0.0
  for stratum in byStratum.keys.sorted() {
    guard let sums = byStratum[stratum], sums.count > 1 else { continue }
    let centre = sums.reduce(0, +) / Double(sums.count)
    let squares = sums.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
    variance += squares * Double(sums.count) / Double(sums.count - 1)
  }
  return (mean, variance.squareRoot(), Double(bySite.count - byStratum.count))
}
