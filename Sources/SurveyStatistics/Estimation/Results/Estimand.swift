/// What one row of a result is about: one statistic, or several that are imputations of one.
///
/// The imputations are the members of nests: with plausible values alone there is one nest; where data were imputed and
/// plausible values drawn within each imputation, a nest is what belongs to one imputation.
struct Estimand: Sendable, Hashable {
  let term: String
  /// Statistics by their number, nest by nest, all nests being of one size.
  let nests: [[Int]]

  init(term: String, statistic: Int) {
    self.term = term
    nests = [[statistic]]
  }

  init(term: String, nests: [[Int]]) {
    self.term = term
    self.nests = nests
  }

  var members: [Int] { nests.flatMap(\.self) }
  var isImputed: Bool { nests.count > 1 || nests[0].count > 1 }
}
