import Columnar
import LinearAlgebra

/// One aggregate whose parts are to be given weights.
struct GroupToWeigh {
  let code: String
  /// Codes of the parts.
  let children: [String]
  /// The normalised values of the parts.
  let columns: [Buffer<Double>]
  /// Those of the framework.
  let weights: [Double]
  let judgement: Judgement?

  /// Positions of the parts that take part.
  var weighed: [Int] { children.indices.filter { weights[$0] != 0 } }

  /// The units that have a value for every part that takes part, one column for each of these.
  ///
  /// - Throws: `badData` where there are fewer than `least`.
  func completeUnits(atLeast least: Int) throws(ImmerseError) -> Matrix {
    let parts = weighed.map { columns[$0] }
    let rows = (0..<(parts.first?.count ?? 0)).filter { row in parts.allSatisfy { !$0[row].isNaN } }
    guard rows.count >= least else {
      throw refusal(
        "weights cannot be found from data: \(counted(rows.count, "unit")) with a value for every part, of which at least "
          + "\(least) are needed")
    }
    return Matrix(rows: rows.count, columns: parts.count, elements: parts.flatMap { part in rows.map { part[$0] } })
  }

  func refusal(_ problem: String, remedy: String = "weigh this level by the framework or equally") -> ImmerseError {
    ImmerseError(.badData, problem, variable: code, remedy: remedy)
  }

  func numerical(_ error: NumericalError) -> ImmerseError {
    refusal("weights cannot be found from data: the parts are linear combinations of each other")
  }
}

/// Weights of the parts of one aggregate, summing to 1.
struct FoundWeights {
  var weights: [Double]
  var notes: [Note]
}

extension Weighting {
  /// - Throws: `usage` where experts' judgement is wanted and there is none, `badData` where it or the data do not give
  ///   weights.
  func fit(_ group: GroupToWeigh) throws(ImmerseError) -> FoundWeights {
    let (raw, remark): ([Double], String) =
      switch self {
      case .framework: (group.weighed.map { group.weights[$0] }, "")
      case .equal: (group.weighed.map { _ in 1 }, "equal")
      case .bod: (group.weighed.map { group.weights[$0] }, "of its parts are each unit's own, the best for it")
      case .budget: try budgetWeights(group)
      case .ahp: try hierarchyWeights(group)
      case .pca(.firstComponent): try firstComponentWeights(group)
      case .pca(.rotated): try rotatedWeights(group)
      case .entropy: try entropyWeights(group)
      case .critic: try criticWeights(group)
      case .merec: try merecWeights(group)
      case .importance(let allowsNegative): try importanceWeights(group, allowsNegative: allowsNegative)
      }
    let total = raw.reduce(0, +)
    guard total.isFinite, total.magnitude > 1e-12 * raw.reduce(0, { $0 + $1.magnitude }) else {
      throw group.refusal("the weights found add up to nothing")
    }
    var weights = [Double](repeating: 0, count: group.children.count)
    for (index, weight) in zip(group.weighed, raw) { weights[index] = weight / total }
    return FoundWeights(
      weights: weights, notes: self == .framework ? [] : [Note("weights_found", "\"\(group.code)\": weights \(remark)")]
    )
  }
}
