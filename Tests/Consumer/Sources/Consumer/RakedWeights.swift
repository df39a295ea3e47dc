import ImmerseStats

/// Weights raked to known totals, and a mean whose standard error knows of the raking.
func rakingChecks() throws -> [Check] {
  let margins = [
    Margin(variable: "region", category: "north", total: 300),
    Margin(variable: "region", category: "south", total: 400),
    Margin(variable: "sex", category: "boy", total: 340),
    Margin(variable: "sex", category: "girl", total: 360),
  ]
  let raking = RakeRequest(weights: "weight", margins: margins, output: "raked")
  let model = try Weighting.rake(raking, on: children)
  print("raked in", model.summary.iterations, "sweeps")

  let weighted = try children.applying(model)
  let weights = try weighted.chunk(0, [.number("raked")]).numbers("raked")

  let design = SurveyDesign(weights: "raked", strata: ["region"], psu: ["school"])
  let request = EstimateRequest(.mean, of: ["math"], design: design)
  let mean = try Estimation.run(request, on: weighted, calibrated: [.totals(model)]).rows[0]
  return [
    Check("raked weight of the first child", weights[0], 22.461289936936623),
    Check("of the second", weights[1], 25.837381891497081),
    Check("of the third", weights[2], 27.067733410139816),
    Check("raked mean", mean.estimate, 508.462125095296926),
    Check("its standard error", mean.standardError, 16.754548684939270),
  ]
}
