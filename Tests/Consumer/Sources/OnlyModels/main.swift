import MultilevelModels

// Balanced, so that the estimates are those of the analysis of variance: (12 - 1) / 3 between schools, 1 within.
let table = Table([
  ("y", Column([0, 1, 2, 4, 5, 6, 2, 3, 4].map(Double.init))),
  ("school", Column(["a", "a", "a", "b", "b", "b", "c", "c", "c"])),
])
let result = try MixedModel.fit(FitRequest("y ~ 1 + (1 | school)"), to: table).result
let (between, within) = (result.varianceComponents[0].covariance, result.varianceComponents[1].covariance)
guard abs(within - 1) < 1e-6, abs(between - 11.0 / 3) < 1e-5 else { fatalError("\(between) \(within)") }
print("MultilevelModels alone: the variances are \(between) and \(within)")
