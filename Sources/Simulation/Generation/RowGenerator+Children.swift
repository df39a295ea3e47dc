import Columnar
import Probability

extension RowGenerator {
  /// 1 for children who were born abroad or whose parents were.
  func drawMigrants() -> Buffer<Double> {
    let response = sample.plan.migrantResponse
    return Buffer(count: rows.count) { target in
      var next = 0
      for segment in segments {
        // Children with migrant background answer less often, so there are fewer of them than in the site.
        let share = segment.site.migrantShare
        let answering = share * response / (share * response + 1 - share)
        for row in segment.rows {
          var stream = draws.migrant[row]
          target[next] = stream.uniform() < answering ? 1 : 0
          next += 1
        }
      }
    }
  }

  /// 1 for girls; what the children know, not what they report.
  func drawGirls() -> Buffer<Double> {
    let share = sample.plan.girlsShare
    return Buffer(count: rows.count) { target in
      for row in rows {
        var stream = draws.female[row]
        target[row - rows.lowerBound] = stream.uniform() < share ? 1 : 0
      }
    }
  }

  /// `girls`, without the children who gave no answer or another one.
  mutating func reportSex() -> Buffer<Double> {
    let blank = sample.plan.sexBlank
    if blank == 0 { return girls }
    let known = girls
    return Buffer(count: rows.count) { target in
      for row in rows {
        var stream = draws.female[row]
        _ = stream.bits()
        target[row - rows.lowerBound] = stream.uniform() < blank ? .nan : known[row - rows.lowerBound]
      }
    }
  }

  func drawAges() -> Buffer<Double> {
    let ages = sample.plan.ages
    return Buffer(count: rows.count) { target in
      var next = 0
      for segment in segments {
        let isPrimary = SiteAllocation.isPrimary(segment.site.index, sample.strata[segment.site.stratum])
        for part in segment.parts {
          for row in part.rows {
            var stream = draws.age[row]
            let u = stream.uniform()
            target[next] =
              switch ages {
              case .fifteen: (1525 + (100 * u).rounded(.down)) / 100
              case .compulsory: 6 + (10 * u).rounded(.down)
              case .questionnaire where part.isYounger: 7 + (3 * u).rounded(.down)
              case .questionnaire where isPrimary: 10 + (3 * u).rounded(.down)
              case .questionnaire: 12 + (7 * u).rounded(.down)
              }
            next += 1
          }
        }
      }
    }
  }

  mutating func drawEscs() -> Buffer<Double> {
    let migrants = migrants
    return Buffer(count: rows.count) { target in
      var next = 0
      for segment in segments {
        let country = sample.countries[segment.site.country]
        let gap = country.achievement.escsMigrantGap
        let spread = country.achievement.childEscsSD
        let centre = country.profile.escs.mean + segment.site.escs - gap * country.composition.share
        for row in segment.rows {
          var stream = draws.escs[row]
          target[next] = centre + gap * migrants[next] + spread * stream.normal()
          next += 1
        }
      }
    }
  }

  /// `escs`, missing completely at random at the country's rate.
  mutating func reportEscs() -> Buffer<Double> {
    let known = escs
    return Buffer(count: rows.count) { target in
      var next = 0
      for segment in segments {
        let missing = sample.countries[segment.site.country].profile.escs.missing
        for row in segment.rows {
          var stream = draws.escs[row]
          _ = stream.bits()
          target[next] = stream.uniform() < missing ? .nan : known[next]
          next += 1
        }
      }
    }
  }

  /// The weight of a child within its site: children of the site over those who took part, corrected for the response of
  /// the child's group so that a sampled child stands for one child on average.
  mutating func weighChildren() -> Buffer<Double> {
    let plan = sample.plan
    guard plan.selection == .twoStage else {
      return Buffer(count: rows.count) { $0.initialize(repeating: 1) }
    }
    let migrants = migrants
    let girls = girls
    return Buffer(count: rows.count) { target in
      var next = 0
      for segment in segments {
        let share = segment.site.migrantShare
        let base = segment.site.eligible / Double(sample.allocation.rows(of: segment.site.index).count)
        let native = base * (share * plan.migrantResponse + 1 - share)
        let migrant = native / plan.migrantResponse
        for _ in segment.rows {
          let background = migrants[next] == 1 ? migrant : native
          target[next] = background * 0.5 / (girls[next] == 1 ? plan.girlsShare : 1 - plan.girlsShare)
          next += 1
        }
      }
    }
  }

  /// The product of both weights, in a replicate times the factor of the site.
  mutating func weigh(replicate: Int?) -> Buffer<Double> {
    let childWeights = childWeights
    return Buffer(count: rows.count) { target in
      var next = 0
      for segment in segments {
        var siteWeight = segment.site.weight
        if let replicate {
          let stratum = sample.strata[segment.site.stratum]
          siteWeight *= FayReplicates.factor(
            replicate: replicate, siteInStratum: segment.site.index - stratum.firstSite, sites: stratum.sites,
            firstPair: stratum.firstPair)
        }
        for _ in segment.rows {
          target[next] = siteWeight * childWeights[next]
          next += 1
        }
      }
    }
  }
}
