/// The scales of the simulated questionnaires.
///
/// The wording and the number of points of the IMMERSE items are not public: these are stand-ins, with assumed shares
/// and effects. The gap in belonging is of the size reported for Italy in 2023 (.15 to .25 SD).
extension Scale {
  static let all = [
    belonging, teachers, friends, bridges, lifeSatisfaction, trust, hostLanguage, identity, learningSupport, bullying,
  ]

  /// Those that PISA asks too.
  static let pisa = [belonging, teachers, lifeSatisfaction, bullying]

  /// Sense of belonging at school: five points from strongly disagree to strongly agree. As in PISA, items 1 (outsider), 4
  /// (awkward) and 6 (lonely) are worded against it.
  private static var belonging: Scale {
    var scale = Scale(
      "BEL", indicator: 6, items: 6, reversed: [1, 4, 6], shares: [0.04, 0.09, 0.22, 0.37, 0.28], loading: 0.65,
      general: 0.5, effects: .init(migrant: -0.2, younger: 0.15, female: -0.05), clustering: 1, composition: -0.3,
      nonresponse: 0.03)
    scale.threeFaces = true
    return scale
  }

  /// Support from teachers: five points of agreement.
  private static var teachers: Scale {
    var scale = Scale(
      "TEA", indicator: 9, items: 4, shares: [0.05, 0.10, 0.24, 0.36, 0.25], loading: 0.71, general: 0.5,
      effects: .init(migrant: 0.05, younger: 0.30, female: 0.05), clustering: 1.8, composition: 0.1, nonresponse: 0.03)
    scale.threeFaces = true
    return scale
  }

  /// Support from friends: five points of agreement.
  private static var friends: Scale {
    var scale = Scale(
      "FRI", indicator: 7, items: 4, shares: [0.04, 0.08, 0.20, 0.38, 0.30], loading: 0.71, general: 0.5,
      effects: .init(migrant: -0.15, younger: 0.05, female: 0.20), clustering: 0.6, composition: -0.1, nonresponse: 0.03
    )
    scale.threeFaces = true
    return scale
  }

  /// How many of the child's friends have another origin: five points from none to all.
  private static var bridges: Scale {
    Scale(
      "BRI", indicator: 8, items: 1, shares: [0.12, 0.25, 0.28, 0.23, 0.12], loading: 0.8, general: 0.1,
      effects: .init(migrant: 0.5, younger: 0, female: 0), clustering: 1.5, composition: 0.6, nonresponse: 0.035)
  }

  /// Satisfaction with life: 0 to 10, skewed, with the usual heaps at 5, 8 and 10.
  private static var lifeSatisfaction: Scale {
    Scale(
      "LIFE", indicator: 5, items: 1, firstValue: 0,
      shares: [0.015, 0.012, 0.018, 0.03, 0.045, 0.115, 0.10, 0.16, 0.215, 0.12, 0.17], loading: 0.8, general: 0.6,
      effects: .init(migrant: -0.1, younger: 0.4, female: -0.15), clustering: 0.8, composition: -0.2, nonresponse: 0.025
    )
  }

  /// Trust in school, police, health services and government: five points.
  private static var trust: Scale {
    var scale = Scale(
      "TRU", indicator: 10, items: 4, shares: [0.07, 0.13, 0.27, 0.34, 0.19], loading: 0.71, general: 0.4,
      effects: .init(migrant: -0.05, younger: 0, female: 0.05), clustering: 1.2, composition: -0.2, nonresponse: 0.04)
    scale.olderOnly = true
    return scale
  }

  /// Understanding, speaking, reading and writing the host language: five points from not at all to very well.
  private static var hostLanguage: Scale {
    Scale(
      "LAN", indicator: 3, items: 4, shares: [0.02, 0.05, 0.13, 0.30, 0.50], loading: 0.71, general: 0.2,
      effects: .init(migrant: -1.0, younger: -0.1, female: 0.1), clustering: 1.5, composition: -0.4, nonresponse: 0.03)
  }

  /// Keeping one's culture while taking on new values: five points of agreement.
  private static var identity: Scale {
    var scale = Scale(
      "CUL", indicator: 4, items: 4, shares: [0.05, 0.11, 0.28, 0.35, 0.21], loading: 0.71, general: 0.3,
      effects: .init(migrant: 0.3, younger: 0, female: 0.1), clustering: 0.8, composition: 0.1, nonresponse: 0.042)
    scale.olderOnly = true
    return scale
  }

  /// How often teachers give extra help with learning: never, some lessons, most lessons, every lesson.
  private static var learningSupport: Scale {
    var scale = Scale(
      "LRN", indicator: 28, items: 4, shares: [0.16, 0.34, 0.30, 0.20], loading: 0.71, general: 0.3,
      effects: .init(migrant: 0.2, younger: 0, female: 0), clustering: 1.8, composition: 0.2, nonresponse: 0.035)
    scale.olderOnly = true
    scale.rotated = true
    return scale
  }

  /// Being bullied in the past twelve months: never, a few times a year, a few times a month, once a week or more.
  private static var bullying: Scale {
    Scale(
      "BUL", indicator: 30, items: 6, shares: [0.66, 0.20, 0.08, 0.06], loading: 0.70, general: -0.45,
      effects: .init(migrant: 0.2, younger: 0.1, female: -0.1), clustering: 1.2, composition: 0.2, nonresponse: 0.035)
  }
}
