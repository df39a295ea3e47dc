/// The eighty replicates of balanced repeated replication in Fay's variant with factor one half, as PISA has them.
///
/// Schools of a stratum are paired in their order; a stratum with an odd number ends in a triple. In a replicate one
/// school of a pair counts 1.5 times and the other .5 times; the first of a triple counts 1 ± .7071 and the others
/// 1 ∓ .3536. Which of them is raised is read from a Hadamard matrix of order 80, one of its 79 balanced columns a pair;
/// further pairs of a country start again with the first column. The variance of an estimate is a twentieth of the sum of
/// squared deviations of its replicates (OECD, PISA Data Analysis Manual, chapter 4).
enum FayReplicates {
  static let count = 80
  static let fay = 0.5

  /// What a replicate multiplies the weights of a site by.
  static func factor(replicate: Int, siteInStratum position: Int, sites: Int, firstPair: Int) -> Double {
    let isTriple = sites % 2 == 1 && position >= sites - 3
    let pair = isTriple ? (sites - 3) / 2 : position / 2
    let member = position - 2 * pair
    let sign = hadamard(replicate, 1 + (firstPair + pair) % (count - 1))
    if !isTriple { return 1 + (member == 0 ? sign : -sign) * fay }
    return member == 0 ? 1 + sign * fay * 2.0.squareRoot() : 1 - sign * fay / 2.0.squareRoot()
  }

  /// Element of the Hadamard matrix that Paley's first construction gives for the prime 79, signed so that its first row
  /// and column are ones: all other columns sum to 0.
  static func hadamard(_ row: Int, _ column: Int) -> Double {
    if row == 0 || column == 0 { return 1 }
    return isSquare[(row - column + 79) % 79] ? 1 : -1
  }

  /// Whether a remainder modulo 79 is a square other than 0.
  private static let isSquare: [Bool] = {
    var isSquare = [Bool](repeating: false, count: 79)
    for root in 1..<79 { isSquare[root * root % 79] = true }
    return isSquare
  }()
}
