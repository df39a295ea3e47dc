public import MultilevelModels

/// A multilevel model of the study's rows.
public struct ModelStep: Sendable, Decodable {
  public var step: StepName
  public var request: FitRequest

  public init(from decoder: any Decoder) throws {
    step = try StepName(from: decoder)
    request = try FitRequest(from: decoder)
  }
}
