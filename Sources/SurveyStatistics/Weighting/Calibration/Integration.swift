import Columnar
import Streaming

/// Makes clusters, such as schools or households, the cells: x becomes its mean over the cluster, weighted by the starting
/// weights, so that all rows of a cluster share one g (Lemaître and Dufour 1987).
struct Integration {
  let partial: CellsPartial
  let auxiliaries: Auxiliaries

  /// - Parameter rows: cells told apart by cluster, which is the last classifier.
  /// - Throws: `badData` where a cluster lies in two domains.
  init(_ rows: CellsPartial, _ auxiliaries: Auxiliaries) throws(ImmerseError) {
    let clusters = rows.plan.classes.levels[rows.plan.classes.levels.count - 1]
    let name = rows.plan.classes.columns[rows.plan.classes.columns.count - 1]
    let width = rows.productsPerCell
    var cells = KeyIndex()
    var (counts, weights, domains): ([Int], [Double], [Int]) = ([], [], [])
    var sums: [[Int: Double]] = []
    for (cell, key) in rows.cells.keys.enumerated() {
      let cluster = cells.insert(key % UInt64(max(clusters.count, 1)))
      if cluster == counts.count {
        counts.append(0)
        weights.append(0)
        sums.append([:])
        domains.append(auxiliaries.domainOfCell[cell])
      }
      guard domains[cluster] == auxiliaries.domainOfCell[cell] else {
        throw ImmerseError(
          .badData, "a cluster lies in two domains, but is to have one weight", variable: name,
          remedy: "calibrate with clusters inside domains")
      }
      counts[cluster] += rows.rows[cell]
      weights[cluster] += rows.products[cell * width]
      for entry in auxiliaries.entries(ofCell: cell) {
        sums[cluster][entry.term, default: 0] += rows.products[cell * width + entry.value]
      }
    }
    let entries = zip(sums, weights).map { sums, weight in
      sums.sorted { $0.key < $1.key }.map {
        Auxiliaries.Entry(term: $0.key, value: 0, coefficient: weight > 0 ? $0.value / weight : 0)
      }
    }
    let plan = CellsPlan(weights: rows.plan.weights, classes: CellKeys(columns: [name], levels: [clusters]))
    partial = CellsPartial(plan, cells: cells, rows: counts, weights: weights)
    self.auxiliaries = Auxiliaries(auxiliaries, cells: entries, domains: domains)
  }
}
