import ImmerseStats

/// Children in schools, by restricted maximum likelihood.
func modelChecks() throws -> [Check] {
  let model = try MixedModel.fit(FitRequest("math ~ escs + (1 | school)"), to: children)
  let result = model.result
  guard result.convergence.converged else { return [Check("converged", 0, 1)] }
  for row in result.rows { print(row.term, row.estimate, row.standardError) }
  for component in result.varianceComponents { print(component.group, component.covariance) }

  let schools = try model.conditionalModes()[0]
  print(schools.group, schools.groups.count, "predicted effects")
  let predicted = try children.applying(MixedModelPrediction(model))
  print(predicted.columnNames)
  return [
    Check("intercept", result.rows[0].estimate, 495.721543339166146, relative: 1e-7),
    Check("its standard error", result.rows[0].standardError, 20.901302139494266, relative: 1e-6),
    Check("escs", result.rows[1].estimate, 38.977492280769148, relative: 1e-7),
    Check("its standard error", result.rows[1].standardError, 12.376973700558690, relative: 1e-6),
    Check("variance of schools", result.varianceComponents[0].covariance, 2279.1646995788419, relative: 1e-5),
    Check("residual variance", result.varianceComponents[1].covariance, 1195.4940701898786, relative: 1e-5),
    Check("REML criterion", result.criterion.value, 234.3387324441631),
  ]
}
