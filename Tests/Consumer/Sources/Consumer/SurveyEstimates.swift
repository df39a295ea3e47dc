import ImmerseStats

/// A weighted mean of a cluster sample: schools drawn within regions.
func surveyChecks() throws -> [Check] {
  let design = SurveyDesign(weights: "weight", strata: ["region"], psu: ["school"])
  let request = EstimateRequest(.mean, of: ["math"], design: design)
  let result = try Estimation.run(request, on: children)
  for row in result.rows {
    print(row.term, row.estimate ?? .nan, row.standardError ?? .nan, row.degreesOfFreedom ?? .nan)
  }
  let mean = result.rows[0]
  return [
    Check("mean", mean.estimate, 511.959183673469397),
    Check("its standard error", mean.standardError, 14.466454515439663),
    Check("lower limit", mean.confidenceLow, 471.793866844510433),
    Check("upper limit", mean.confidenceHigh, 552.124500502428418),
    Check("degrees of freedom", mean.degreesOfFreedom, 4),
  ] + (try domainChecks(design)) + (try replicateChecks())
}

/// The jackknife, whose replicate weights are made of the design and never written out.
private func replicateChecks() throws -> [Check] {
  let jackknife = SurveyDesign(
    weights: "weight", strata: ["region"], psu: ["school"], replicates: ReplicateDesign(.jkn))
  let request = EstimateRequest(.mean, of: ["math"], design: jackknife)
  let mean = try Estimation.run(request, on: children).rows[0]
  return [Check("jackknife standard error", mean.standardError, 14.615853923211761)]
}

/// A domain keeps the whole design; leaving rows out beforehand would not.
private func domainChecks(_ design: SurveyDesign) throws -> [Check] {
  let girls = EstimateRequest(
    .mean, of: ["math"], design: design, by: ["sex"], where: "math != 576", contrast: true)
  let rows = try Estimation.run(girls, on: children).rows
  let everyone = EstimateRequest(.mean, of: ["math"], design: design, where: "math != 576")
  let mean = try Estimation.run(everyone, on: children).rows[0]
  return [
    Check("boys, girls and their difference", Double(rows.count), 3),
    Check("difference", rows[2].estimate, (rows[1].estimate ?? .nan) - (rows[0].estimate ?? .nan)),
    Check("mean without the fifth child", mean.estimate, 509.637462235649537),
    Check("its standard error", mean.standardError, 13.163183215567072),
  ]
}
