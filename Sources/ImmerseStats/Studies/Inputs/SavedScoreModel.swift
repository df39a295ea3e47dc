public import CompositeIndicators

/// A frozen model of scores as a document, with the version of its form.
public struct SavedScoreModel: Sendable, Codable {
  public static let schema = "immerse-stats/score-model/1"

  public var schema = SavedScoreModel.schema
  public var model: ScoreModel

  public init(_ model: ScoreModel) { self.model = model }
}
