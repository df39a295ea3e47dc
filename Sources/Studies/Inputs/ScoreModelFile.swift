public import Columnar
public import CompositeIndicators
import Foundation

/// A frozen model as a file: JSON, with the version of its form.
private struct ScoreModelFile: Codable {
  static let schema = "immerse-stats/score-model/1"

  var schema = ScoreModelFile.schema
  var model: ScoreModel
}

extension Inputs {
  /// A model as the text of its file. Numbers read back as the same doubles.
  ///
  /// - Throws: `failure` where the model holds a number that JSON cannot.
  public static func text(of model: ScoreModel) throws(ImmerseError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    do {
      return String(decoding: try encoder.encode(ScoreModelFile(model: model)), as: UTF8.self) + "\n"
    } catch { throw ImmerseError(.failure, "the model holds a number that cannot be written") }
  }

  /// A model from its file.
  ///
  /// - Throws: `noInput` where the file does not exist, `badData` where it holds no model or one of another version.
  public static func scoreModel(_ file: String) throws(ImmerseError) -> ScoreModel {
    let text = try text(of: file)
    do {
      let read = try JSONDecoder().decode(ScoreModelFile.self, from: Data(text.utf8))
      if read.schema == ScoreModelFile.schema { return read.model }
      throw ImmerseError(.badData, "the model is of another version", place: .init(file: file))
    } catch let error as ImmerseError {
      throw error
    } catch {
      throw ImmerseError(
        .badData, "the file does not hold a model of scores", place: .init(file: file),
        remedy: "write one with --save")
    }
  }
}
