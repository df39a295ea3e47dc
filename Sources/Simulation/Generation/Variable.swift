import Columnar
import Streaming

/// A column a study can generate.
enum Variable: Sendable, Hashable {
  case country, region, site, stratum, siteType, questionnaire
  case child, age, female, migrant, escs
  case siteWeight, childWeight, weight
  /// By position of the scale in the plan and of the item in the scale.
  case item(Int, Int)
  case testScore
  case plausibleValue(Int)
  case replicateWeight(Int)
  /// What a survey never sees: a child's true achievement, and its true position on a scale's trait.
  case ability
  case trait(Int)

  var isText: Bool {
    switch self {
    case .country, .region, .site, .stratum, .siteType, .questionnaire: true
    default: false
    }
  }
}

extension StudyPlan {
  /// The study's columns in the order of its file.
  func variables(latent: Bool) -> [(name: String, variable: Variable)] {
    var list: [(name: String, variable: Variable)] = [
      ("country", .country), ("region", .region), (siteColumn, .site), ("child", .child), ("stratum", .stratum),
    ]
    if includesCentres { list.append(("site_type", .siteType)) }
    if ages == .questionnaire { list.append(("questionnaire", .questionnaire)) }
    list += [
      ("age", .age), ("female", .female), ("migrant", .migrant), ("escs", .escs), ("weight_site", .siteWeight),
      ("weight_child", .childWeight), ("weight", .weight),
    ]
    for (index, scale) in scales.enumerated() {
      list += scale.items.indices.map { (scale.items[$0].name, .item(index, $0)) }
    }
    switch mathematics {
    case .none: break
    case .testScore: list.append(("math", .testScore))
    case .plausibleValues:
      list += (0..<PlausibleValues.count).map { ("PV\($0 + 1)MATH", .plausibleValue($0)) }
      list += (0..<FayReplicates.count).map { ("W_FSTURWT\($0 + 1)", .replicateWeight($0)) }
    }
    if latent {
      if mathematics != .none { list.append(("TRUE_MATH", .ability)) }
      if mathematics == .plausibleValues { list.append(("TEST_MATH", .testScore)) }
      list += scales.indices.map { ("TRUE_\(scales[$0].prefix)", .trait($0)) }
    }
    return list
  }
}
