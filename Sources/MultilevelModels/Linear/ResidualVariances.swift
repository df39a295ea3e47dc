import RealModule

/// Residual variances that differ between classes of rows: σ²δ_c², δ = exp ρ, ρ = 0 for the first class.
///
/// Rows of class c enter as if they weighed 1/δ_c², and the criterion gains Σ_c 2 N_c ρ_c, N_c the weight of the rows of
/// class c (Pinheiro and Bates 2000, section 5.2).
struct ResidualVariances: Sendable {
  let classes: ResidualClasses
  /// Packed triangles of the parts in the order of the model's layout.
  private let triangles: [Double]
  /// N_c.
  let sizes: [Double]

  /// - Parameter weights: those of the lowest groups, all levels' together.
  init(_ classes: ResidualClasses, triangles: [Double], weights: [Double]) {
    self.classes = classes
    self.triangles = triangles
    var sizes = [Double](repeating: 0, count: classes.names.count)
    for part in classes.classes.indices {
      sizes[classes.classes[part]] += weights[classes.groups[part]] * classes.sizes[part]
    }
    self.sizes = sizes
  }

  private var triangleSize: Int { triangles.count / classes.groups.count }

  /// δ_c⁻² from ρ of the classes but the first.
  private func precisions(_ logRatios: [Double]) -> [Double] { [1] + logRatios.map { .exp(-2 * $0) } }

  /// The lowest groups' triangles. O(parts · columns²).
  func lowest(_ logRatios: [Double], groupCount: Int) -> [Double] {
    let (precisions, size) = (precisions(logRatios), triangleSize)
    var sums = [Double](repeating: 0, count: groupCount * size)
    sums.withUnsafeMutableBufferPointer { sums in
      triangles.withUnsafeBufferPointer { triangles in
        for (part, group) in classes.groups.enumerated() {
          let precision = precisions[classes.classes[part]]
          for k in 0..<size { sums[group * size + k] += precision * triangles[part * size + k] }
        }
      }
    }
    return sums
  }

  /// Σ_c 2 N_c ρ_c.
  func logDeterminant(_ logRatios: [Double]) -> Double {
    zip(sizes.dropFirst(), logRatios).reduce(0) { $0 + 2 * $1.0 * $1.1 }
  }

  /// The derivative with respect to ρ, 2 N_c − 2 δ_c⁻² Σ ⟨Ā_j, A_jc⟩.
  ///
  /// - Parameter adjoints: the derivative with respect to each lowest group's triangle, a full symmetric matrix of
  ///   `width` rows.
  func gradient(_ logRatios: [Double], adjoints: [Double], width: Int) -> [Double] {
    let (precisions, size) = (precisions(logRatios), triangleSize)
    var products = [Double](repeating: 0, count: sizes.count)
    for (part, group) in classes.groups.enumerated() where classes.classes[part] > 0 {
      var sum = 0.0
      for i in 0..<width {
        for j in 0...i {
          let product = adjoints[(group * width + i) * width + j] * triangles[part * size + packed(i, j)]
          sum += i == j ? product : 2 * product
        }
      }
      products[classes.classes[part]] += sum
    }
    return sizes.indices.dropFirst().map { 2 * sizes[$0] - 2 * precisions[$0] * products[$0] }
  }
}
