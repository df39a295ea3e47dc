import Probability

/// A set of ordinal items that measure one trait of a child.
///
/// The trait has mean 0 and variance 1 over the children of the average country. An item's latent response is
/// `loading · trait + sqrt(1 - loading²) · noise + shift`; cutting it at the thresholds gives the category (an ordered
/// probit model), so that two items of a scale have the polychoric correlation `loading²`.
struct Scale: Sendable {
  /// The beginning of the items' names.
  var prefix: String
  /// Number of the indicator in the project's list of 30.
  var indicator: Int
  var items: [Item]
  /// The value of the lowest category.
  var firstValue: Int
  /// Cuts between neighbouring categories.
  var thresholds: [Double]
  var loading: Double
  /// Correlation of the trait with well-being in general.
  var generalLoading: Double
  var effects: Effects
  /// Clustering in sites relative to the country's ordinary one.
  var clustering: Double
  /// Correlation of a site's effect with its share of migrant background.
  var compositionCorrelation: Double
  /// Share of blank answers to each item.
  var nonresponse: Double
  /// Left out of the questionnaire for ages 7 to 9.
  var olderOnly = false
  /// Left out of one of three rotated forms of the questionnaire.
  var rotated = false
  /// Younger children see three faces, recorded as the lowest, the middle and the highest of five categories.
  var threeFaces = false

  struct Item: Sendable {
    var name: String
    /// Worded against the trait.
    var reversed: Bool
    /// How much easier the item is than the scale's thresholds say.
    var shift: Double
  }

  /// Differences between groups in standard deviations of the trait.
  struct Effects: Sendable {
    var migrant: Double
    var younger: Double
    var female: Double
  }

  var categories: Int { thresholds.count + 1 }

  /// The cuts of an answer, and how many categories lie between neighbouring ones: where there are three faces, two cuts
  /// that keep the mean of the answers about where five points have it.
  func cuts(younger: Bool) -> (thresholds: [Double], step: Int) {
    guard younger, threeFaces else { return (thresholds, 1) }
    return ([thresholds[1], (thresholds[2] + thresholds[3]) / 2], 2)
  }
}

extension Scale {
  /// - Parameter shares: the shares of the categories among children of the average country.
  init(
    _ prefix: String, indicator: Int, items count: Int, reversed: Set<Int> = [], firstValue: Int = 1, shares: [Double],
    loading: Double, general: Double, effects: Effects, clustering: Double, composition: Double, nonresponse: Double
  ) {
    self.prefix = prefix
    self.indicator = indicator
    items = (1...count).map { number in
      let place = count == 1 ? 0 : 2 * Double(number - 1) / Double(count - 1) - 1
      return Item(
        name: count == 1 ? prefix : "\(prefix)\(number)", reversed: reversed.contains(number), shift: 0.2 * place)
    }
    self.firstValue = firstValue
    var below = 0.0
    thresholds = shares.dropLast().map { share in
      below += share
      return Normal.quantile(below)
    }
    self.loading = loading
    generalLoading = general
    self.effects = effects
    self.clustering = clustering
    compositionCorrelation = composition
    self.nonresponse = nonresponse
  }
}
