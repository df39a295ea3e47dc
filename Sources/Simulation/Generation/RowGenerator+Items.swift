import Columnar
import Probability

extension RowGenerator {
  /// What a child's traits have in common.
  func drawWellbeing() -> Buffer<Double> {
    Buffer(count: rows.count) { target in
      for row in rows {
        var stream = draws.general[row]
        target[row - rows.lowerBound] = stream.normal()
      }
    }
  }

  /// The children's positions on the trait of a scale.
  mutating func trait(_ index: Int) -> Buffer<Double> {
    if let known = traits[index] { return known }
    let (migrants, girls, wellbeing, siteAttitudes) = (migrants, girls, wellbeing, siteAttitudes)
    let scale = sample.plan.scales[index]
    let streams = draws.traits[index]
    let common = scale.generalLoading
    let unique = (1 - common * common).squareRoot()
    let trait = Buffer<Double>(count: rows.count) { target in
      var next = 0
      for (number, segment) in segments.enumerated() {
        let country = sample.countries[segment.site.country]
        let own = country.traits[index]
        let effects = scale.effects
        let site =
          own.level + siteAttitudes[number][index] - effects.migrant * country.composition.share
          - effects.younger * country.youngerShare - effects.female / 2
        for part in segment.parts {
          let centre = part.isYounger ? site + effects.younger : site
          for row in part.rows {
            var stream = streams[row]
            let groups = effects.migrant * migrants[next] + effects.female * girls[next]
            let child = common * wellbeing[next] + unique * stream.normal()
            target[next] = centre + groups + own.childSD * child
            next += 1
          }
        }
      }
    }
    traits[index] = trait
    return trait
  }

  /// The children's answers to an item; NaN where it was left blank or not asked.
  mutating func answer(_ scaleIndex: Int, _ itemIndex: Int) -> Buffer<Double> {
    let trait = trait(scaleIndex)
    let scale = sample.plan.scales[scaleIndex]
    let item = scale.items[itemIndex]
    let streams = draws.items[scaleIndex][itemIndex]
    let unique = (1 - scale.loading * scale.loading).squareRoot()
    let forms = scale.rotated ? drawForms() : nil
    return Buffer(count: rows.count) { target in
      var next = 0
      for segment in segments {
        let blank = scale.nonresponse * sample.countries[segment.site.country].profile.attitudes.nonresponse
        for part in segment.parts {
          let isAsked = !(part.isYounger && scale.olderOnly)
          let (thresholds, step) = scale.cuts(younger: part.isYounger)
          for row in part.rows {
            var stream = streams[row]
            let response = scale.loading * trait[next] + unique * stream.normal() + item.shift
            var category = 0
            for threshold in thresholds { category += response > threshold ? step : 0 }
            if item.reversed { category = scale.thresholds.count - category }
            let isAnswered = isAsked && forms?[next] != 2 && stream.uniform() >= blank
            target[next] = isAnswered ? Double(scale.firstValue + category) : .nan
            next += 1
          }
        }
      }
    }
  }

  /// Which of three rotated forms of the questionnaire each child got: 0, 1 or 2.
  private func drawForms() -> Buffer<Double> {
    Buffer(count: rows.count) { target in
      for row in rows {
        var stream = draws.form[row]
        target[row - rows.lowerBound] = (3 * stream.uniform()).rounded(.down)
      }
    }
  }
}
