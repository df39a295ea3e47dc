import Columnar
import ModelFormula
import SurveyStatistics

extension ModelPlan {
  /// The plan for every imputation of the response, nest by nest; itself where there is one only.
  var imputed: [[ModelPlan]] {
    get throws(ImmerseError) {
      guard let values = request.plausible.first else { return [[self]] }
      return try values.imputations.map { nest in nest.map { responding(with: $0) } }
    }
  }

  /// - Throws: `usage` where replicates or plausible values cannot enter this model.
  static func checkPooling(_ request: FitRequest, _ formula: Formula) throws(ImmerseError) {
    for values in request.plausible {
      guard request.plausible.count == 1, formula.response == .column(values.name) else {
        throw ImmerseError(
          .usage, "is not the response", variable: values.name,
          remedy: "plausible values stand for the response of a model")
      }
      _ = try values.imputations
    }
    guard let replicates = request.replicates else {
      if request.inference.standardErrors == .replicates {
        throw ImmerseError(.usage, "there are no replicate weights", remedy: "name them with --replicates")
      }
      return
    }
    guard !request.weights.isEmpty, request.weightsKind == .sampling else {
      throw ImmerseError(
        .usage, "replicate weights need the sampling weights of the full sample", remedy: "name them with --weights")
    }
    guard !replicates.columns.isEmpty else {
      throw ImmerseError(
        .usage, "models take replicates from the data",
        remedy: "name their columns with --replicates, or make them with "
          + "weight replicates")
    }
    guard replicates.independent == nil, replicates.scales == nil else {
      throw ImmerseError(
        .usage, "samples of their own are not told apart in a model", remedy: "fit each sample by itself")
    }
    guard [nil, .replicates].contains(request.inference.standardErrors) else {
      throw ImmerseError(
        .usage, "replicate weights are given, and other standard errors asked for", remedy: "leave --se out")
    }
    _ = try replicates.spread(count: try replicates.replicateColumns.count)
  }
}
