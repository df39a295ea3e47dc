/// Where the sums and moments of each statistic lie in the record of a cell.
///
/// The sums of a statistic of K terms are its rows, the rows that lack it, Σ w x² where a design effect needs it, and its
/// K totals; its moments are those of `RowMoments`.
struct TotalsLayout: Sendable {
  /// What stands before the totals.
  static let head = 3

  /// By statistic, the number of terms.
  let widths: [Int]
  let sumsPerCell: Int
  let momentsPerCell: Int
  private let sumsOffsets: [Int]
  private let momentsOffsets: [Int]

  init(_ widths: [Int]) {
    self.widths = widths
    var (sums, moments) = ([0], [0])
    for width in widths {
      sums.append(sums[sums.count - 1] + TotalsLayout.head + width)
      moments.append(moments[moments.count - 1] + RowMoments.recordWidth(terms: width))
    }
    sumsOffsets = sums
    momentsOffsets = moments
    sumsPerCell = sums[widths.count]
    momentsPerCell = moments[widths.count]
  }

  func sums(_ cell: Int, _ statistic: Int) -> Int { cell * sumsPerCell + sumsOffsets[statistic] }

  func moments(_ cell: Int, _ statistic: Int) -> Int { cell * momentsPerCell + momentsOffsets[statistic] }
}
