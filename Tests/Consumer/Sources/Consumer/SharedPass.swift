import ImmerseStats

/// An estimate and a model from one reading of the rows.
func passChecks() throws -> [Check] {
  let design = SurveyDesign(weights: "weight", strata: ["region"], psu: ["school"])
  let mean = EstimateRequest(.mean, of: ["math"], design: design)
  let model = FitRequest("math ~ escs + (1 | school)")

  let engine = Engine(threads: 2)
  let columns = try Estimation.columns(mean) + MixedModel.columns(model)
  let dataset = try Dataset(children, columns: columns, engine: engine)

  var pass = Pass()
  let meanTicket = pass.add(try Estimation.fit(mean, of: dataset, with: engine))
  let modelTicket = pass.add(try MixedModel.grams(model, of: dataset))
  let results = try pass.run(over: dataset, with: engine)

  let estimate = try results[meanTicket].rows[0]
  let fitted = try MixedModel(try results[modelTicket], threads: engine.threads)
  return [
    Check("mean of a shared pass", estimate.estimate, 511.959183673469397),
    Check("its standard error", estimate.standardError, 14.466454515439663),
    Check("REML criterion of a shared pass", fitted.result.criterion.value, 234.3387324441631),
  ]
}
