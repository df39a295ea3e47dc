import SurveyStatistics

let table = Table([("x", Column([1, 3])), ("school", Column(["a", "b"]))])
let request = EstimateRequest(.mean, of: ["x"], design: SurveyDesign(psu: ["school"]))
let mean = try Estimation.run(request, on: table, engine: Engine(threads: 1)).rows[0]
guard mean.estimate == 2, mean.standardError == 1 else { fatalError("\(mean)") }
print("SurveyStatistics alone: the mean is \(mean.estimate ?? .nan)")
