/// What is assumed of the children and schools of a country, whatever the study that samples them.
struct CountryProfile: Sendable {
  var code: String
  /// NUTS-1 regions with their shares of the country's children.
  var regions: [Region]
  var mathematics: Mathematics
  var escs: Background
  var attitudes: Attitudes
  /// Share of sites whose principal did not answer.
  var principalNonresponse: Double

  struct Region: Sendable {
    var code: String
    var share: Double
  }

  /// Achievement in mathematics on the PISA scale.
  struct Mathematics: Sendable {
    var mean: Double
    var standardDeviation: Double
    /// Share of the variance that lies between schools, regions included.
    var schoolICC: Double
    /// Share of the variance that lies between regions.
    var regionICC: Double
  }

  /// The index of economic, social and cultural status.
  struct Background: Sendable {
    var mean: Double
    var standardDeviation: Double
    var schoolICC: Double
    var missing: Double
  }

  /// What children say of themselves, in standard deviations of the trait behind a scale.
  struct Attitudes: Sendable {
    /// Share of the variance between sites for a scale of ordinary clustering.
    var siteICC: Double
    var regionICC: Double
    /// How often items are left blank, relative to the scale's own rate.
    var nonresponse: Double
    /// The country's mean on each scale, by the scale's prefix.
    var levels: [String: Double]
  }
}
