import Columnar
import LinearAlgebra
import Streaming

/// Adds up, by first-stage unit, the products of z = (x, w x, e), with x a linear model's columns, w the weight over its
/// mean and e the residual: all that a bias-reduced sandwich needs of the rows.
struct ClusterProductsFit: Fit {
  let context: ModelContext
  let model: FittedModel

  private var clusters: SurveyDesign {
    SurveyDesign(strata: context.request.design.strata, psu: Array(context.request.design.psu.prefix(1)))
  }

  var columns: [ColumnRequest] { context.columns(of: model.design.frame) }

  var signature: String {
    "cluster products \(context.request) \(model.scores)"
  }

  func makePartial() -> Partial { Partial(fit: self, weights: context.weights, tree: UnitTree(clusters)) }

  /// By cluster that has a row, z'z.
  func finish(_ partial: Partial) throws(ImmerseError) -> [Matrix] { partial.products.filter { $0.elements[0] > 0 } }

  struct Partial: Streaming.Partial {
    let fit: ClusterProductsFit
    fileprivate var weights: RowWeights
    fileprivate var tree: UnitTree
    private(set) var products: [Matrix] = []

    fileprivate init(fit: ClusterProductsFit, weights: RowWeights, tree: UnitTree) {
      self.fit = fit
      self.weights = weights
      self.tree = tree
    }

    private var width: Int { 2 * fit.model.design.parameterCount + 1 }

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      let weights = try weights.of(batch)
      let units = try tree.locate(batch).units
      openClusters()
      let (rows, used) = try fit.context.rows(of: fit.model.design, in: batch, weights: weights)
      let count = rows.columns.count
      var z = [Double](repeating: 0, count: width)
      for row in used {
        for (index, column) in rows.columns.enumerated() {
          z[index] = column[row]
          z[count + index] = weights[row] / fit.model.meanWeight * column[row]
        }
        z[2 * count] = rows.response[row] - rows.predictor(row, fit.model.scores.parameters[...])
        products[Int(units[row])].addProduct(of: z)
      }
    }

    private mutating func openClusters() {
      while products.count < tree.leafCount { products.append(Matrix(rows: width, columns: width)) }
    }

    mutating func merge(_ other: Partial) throws(ImmerseError) {
      let clusters = try tree.merge(other.tree)
      openClusters()
      for (theirs, own) in clusters.enumerated() { products[own].add(other.products[theirs]) }
    }

    func write(to blob: inout BlobWriter) {
      tree.write(to: &blob)
      blob.write(products.flatMap(\.elements))
    }

    mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
      try tree.read(from: &blob)
      let elements = try blob.doubles()
      let size = width * width
      guard elements.count == tree.leafCount * size else { throw .brokenPartial }
      products = (0..<tree.leafCount).map { cluster in
        Matrix(rows: width, columns: width, elements: Array(elements[cluster * size..<(cluster + 1) * size]))
      }
    }
  }
}

extension Matrix {
  /// Adds z z'.
  mutating func addProduct(of z: [Double]) {
    for j in z.indices {
      for i in z.indices { self[i, j] += z[i] * z[j] }
    }
  }
}
