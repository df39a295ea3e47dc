import Columnar
import Probability

enum PlausibleValues {
  static let count = 10
}

extension RowGenerator {
  /// The mean of a child's achievement given its covariates and its site.
  mutating func expectMathematics() -> Buffer<Double> {
    let (migrants, girls, ages, escs) = (migrants, girls, ages, escs)
    return Buffer(count: rows.count) { target in
      var next = 0
      for segment in segments {
        let country = sample.countries[segment.site.country]
        let a = country.achievement
        let centre =
          country.profile.mathematics.mean + segment.site.mathematics - a.migrantEffect * country.composition.share
          - a.escsEffect * country.profile.escs.mean - a.femaleEffect / 2 - a.ageEffect * 15.745
        for _ in segment.rows {
          let background = a.migrantEffect * migrants[next] + a.escsEffect * escs[next]
          target[next] = centre + background + a.femaleEffect * girls[next] + a.ageEffect * ages[next]
          next += 1
        }
      }
    }
  }

  /// Achievement, or a test score that measures it with normal error.
  mutating func measureMathematics(withError: Bool) -> Buffer<Double> {
    let expected = expectedMathematics
    return Buffer(count: rows.count) { target in
      var next = 0
      for segment in segments {
        let a = sample.countries[segment.site.country].achievement
        let errorSD = withError ? a.errorSD : 0
        for row in segment.rows {
          var stream = draws.ability[row]
          let ability = expected[next] + a.childSD * stream.normal()
          target[next] = ability + errorSD * stream.normal()
          next += 1
        }
      }
    }
  }

  /// A draw from the posterior distribution of a child's achievement given its test score, its covariates and its site.
  ///
  /// The prior is the model that generated the achievement, so plausible values have exactly its joint distribution
  /// with every covariate and with the site (Mislevy 1991, Psychometrika 56, 177-196).
  mutating func drawPlausible(_ number: Int) -> Buffer<Double> {
    let expected = expectedMathematics
    let scores = measureMathematics(withError: true)
    let streams = draws.plausible[number]
    return Buffer(count: rows.count) { target in
      var next = 0
      for segment in segments {
        let a = sample.countries[segment.site.country].achievement
        let reliability = a.childSD * a.childSD / (a.childSD * a.childSD + a.errorSD * a.errorSD)
        let posteriorSD = a.childSD * (1 - reliability).squareRoot()
        for row in segment.rows {
          var stream = streams[row]
          let posteriorMean = expected[next] + reliability * (scores[next] - expected[next])
          target[next] = posteriorMean + posteriorSD * stream.normal()
          next += 1
        }
      }
    }
  }
}
