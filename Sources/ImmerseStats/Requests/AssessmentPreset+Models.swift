public import Columnar
import ModelFormula
public import MultilevelModels
public import Streaming
public import SurveyStatistics

extension AssessmentPreset {
  /// The model with the programme's weight, replicates and plausible values; what the request itself names of weights and
  /// plausible values stays.
  ///
  /// A weight that is found is that of rows, as the programmes publish it: the product of those of all levels.
  ///
  /// - Throws: `usage` where the request brings its own replicates, or those of the programme are none that a model can
  ///   take, such as the zones of TIMSS; `badData` where the data lack the programme's columns.
  public func apply(to request: FitRequest, of source: any Source) throws(ImmerseError) -> FitRequest {
    guard request.replicates == nil else {
      throw ImmerseError(
        .usage, "the preset \(name) already says how variances are estimated",
        remedy: "leave out --replicates, or the preset")
    }
    let response = try Formula(parsing: request.formula).responseColumns
    let estimate = try apply(
      to: EstimateRequest(.mean, of: response, design: SurveyDesign(weights: request.weights.first)), of: source)
    var result = request
    if request.weights.isEmpty, let weight = estimate.design.weights { result.weights = [weight] }
    result.replicates = estimate.design.replicates
    // Replicates of one number in several countries are independent, and so is what they add to a common estimate.
    result.replicates?.independent = nil
    if request.plausible.isEmpty { result.plausible = estimate.plausible }
    try result.validate()
    return result
  }
}
