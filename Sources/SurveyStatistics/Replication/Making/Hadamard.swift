/// A square matrix of ones and minus ones whose rows are orthogonal, signed so that its first row and column are ones.
///
/// Built from Sylvester's doubling (1867) and Paley's two constructions (1933) for primes, and Kronecker products of
/// these. Not every multiple of four can be had so; the smallest that can and is large enough is taken.
struct HadamardMatrix: Sendable {
  let order: Int
  /// Row by row.
  private let signs: [Int8]

  subscript(row: Int, column: Int) -> Double { Double(signs[row * order + column]) }

  /// The smallest matrix with at least `order` rows that can be built. O(order²).
  ///
  /// - Precondition: `order` is positive.
  init(atLeast order: Int) {
    var candidate = max(order, 1)
    while HadamardMatrix.factors(of: candidate) == nil { candidate += 1 }
    let factors = HadamardMatrix.factors(of: candidate) ?? []
    self = factors.reduce(HadamardMatrix(order: 1, signs: [1])) { $0.kronecker($1.matrix) }.normalised
  }

  /// Whether a matrix of this order can be built.
  static func exists(ofOrder order: Int) -> Bool { order >= 1 && factors(of: order) != nil }

  private init(order: Int, signs: [Int8]) {
    self.order = order
    self.signs = signs
  }

  private enum Factor {
    case two
    /// Of order p + 1, for a prime p = 3 modulo 4.
    case paleyOne(Int)
    /// Of order 2 (p + 1), for a prime p = 1 modulo 4.
    case paleyTwo(Int)

    var matrix: HadamardMatrix {
      switch self {
      case .two: HadamardMatrix(order: 2, signs: [1, 1, 1, -1])
      case .paleyOne(let p): .paleyOne(p)
      case .paleyTwo(let p): .paleyTwo(p)
      }
    }
  }

  /// The factors of a Kronecker product of that order, or nil.
  private static func factors(of order: Int) -> [Factor]? {
    if order == 1 { return [] }
    guard order == 2 || order % 4 == 0 else { return nil }
    if let factor = paley(order) { return [factor] }
    for first in stride(from: 2, through: order / 2, by: 2) where order % first == 0 {
      let factor: Factor? = first == 2 ? .two : paley(first)
      if let factor, let rest = factors(of: order / first) { return [factor] + rest }
    }
    return order == 2 ? [.two] : nil
  }

  private static func paley(_ order: Int) -> Factor? {
    if order % 4 == 0, isPrime(order - 1) { return .paleyOne(order - 1) }
    if order % 4 == 0, (order / 2 - 1) % 4 == 1, isPrime(order / 2 - 1) { return .paleyTwo(order / 2 - 1) }
    return nil
  }

  private static func isPrime(_ n: Int) -> Bool {
    n >= 2 && (2...).prefix { $0 * $0 <= n }.allSatisfy { n % $0 != 0 }
  }

  /// I + S, with S the skew matrix of quadratic residues bordered by ones.
  private static func paleyOne(_ p: Int) -> HadamardMatrix {
    let residue = residues(modulo: p)
    return HadamardMatrix(order: p + 1) { row, column in
      if row == 0 || column == 0 { return row == 0 ? 1 : -1 }
      return row == column ? 1 : residue[(row - column + p) % p]
    }
  }

  /// Each element of the symmetric conference matrix of order p + 1, replaced by a block of two rows and columns.
  private static func paleyTwo(_ p: Int) -> HadamardMatrix {
    let residue = residues(modulo: p)
    func conference(_ row: Int, _ column: Int) -> Int8 {
      if row == column { return 0 }
      return row == 0 || column == 0 ? 1 : residue[(row - column + p) % p]
    }
    return HadamardMatrix(order: 2 * (p + 1)) { row, column in
      let lower = row % 2 == 1 && column % 2 == 1
      let element = conference(row / 2, column / 2)
      if element != 0 { return lower ? -element : element }
      return row % 2 == 0 && column % 2 == 0 ? 1 : -1
    }
  }

  /// 1 for squares modulo p, −1 for others, 0 for 0.
  private static func residues(modulo p: Int) -> [Int8] {
    var residues = [Int8](repeating: -1, count: p)
    for root in 1..<p { residues[root * root % p] = 1 }
    residues[0] = 0
    return residues
  }

  private init(order: Int, sign: (_ row: Int, _ column: Int) -> Int8) {
    self.order = order
    signs = (0..<order * order).map { sign($0 / order, $0 % order) }
  }

  private func kronecker(_ other: HadamardMatrix) -> HadamardMatrix {
    HadamardMatrix(order: order * other.order) { row, column in
      signs[row / other.order * order + column / other.order]
        * other.signs[row % other.order * other.order + column % other.order]
    }
  }

  private var normalised: HadamardMatrix {
    HadamardMatrix(order: order) { row, column in
      signs[row * order + column] * signs[row * order] * signs[column] * signs[0]
    }
  }
}
