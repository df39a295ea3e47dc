public import Columnar
public import CompositeIndicators
import DataFormats
import Expressions
import Foundation
import ImmerseStats
public import Streaming
public import SurveyStatistics
import Yams

/// Reads what users write in options and small files.
public enum Inputs {
  /// The steps that `weight --history` recorded: a list, or a single one.
  ///
  /// - Throws: `noInput` where the file does not exist, `badData` where it does not hold steps.
  public static func weightSteps(_ file: String) throws(ImmerseError) -> WeightSteps {
    let document = try JSONValue(parsing: Array(try text(of: file).utf8), file: file)
    if case .array = document { return WeightSteps(try document.decode([WeightStep].self, file: file)) }
    return WeightSteps([try document.decode(WeightStep.self, file: file)])
  }

  /// The text of a record of a step, after those that made its starting weights where the file holds them already.
  ///
  /// - Throws: `failure` for a setting that JSON cannot hold, `badData` where the file holds no steps.
  public static func record(
    of step: WeightStep, continuing file: String
  ) throws(ImmerseError) -> (text: String, isContinued: Bool) {
    var steps = FileManager.default.fileExists(atPath: file) ? try weightSteps(file).steps : []
    let earlier = steps.firstIndex { $0.output == step.weights }
    let isContinued = earlier != nil
    steps = earlier.map { Array(steps[...$0]) + [step] } ?? [step]
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do { return (String(decoding: try encoder.encode(steps), as: UTF8.self) + "\n", isContinued) } catch {
      throw ImmerseError(.failure, "the weighting step cannot be written down: \(error)")
    }
  }

  /// A scale as a YAML file holds it: what `scale(_:)` reads.
  ///
  /// - Throws: `failure` where it cannot be written as text.
  public static func text(of scale: ResponseScale) throws(ImmerseError) -> String {
    do {
      return try YAMLEncoder().encode(scale)
    } catch {
      throw ImmerseError(.failure, "the scale cannot be written as YAML", variable: scale.name)
    }
  }

  /// A model of scores as the text of its file. Numbers read back as the same doubles.
  ///
  /// - Throws: `failure` where the model holds a number that JSON cannot.
  public static func text(of model: ScoreModel) throws(ImmerseError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    do {
      return String(decoding: try encoder.encode(SavedScoreModel(model)), as: UTF8.self) + "\n"
    } catch { throw ImmerseError(.failure, "the model holds a number that cannot be written") }
  }

  /// A setting given as text, in the form a framework file would write it; nil for nil.
  ///
  /// - Throws: `usage` at the place in the text.
  public static func setting<T: Decodable>(_ name: String, _ text: String?) throws(ImmerseError) -> T? {
    guard let text else { return nil }
    do {
      return try StrictYAML.decode(T.self, from: text, file: name)
    } catch {
      var usage = error
      usage.kind = .usage
      throw usage
    }
  }

  /// Columns of standard errors by their indicators, from texts like `indicator=column`.
  ///
  /// - Throws: `usage` where a text has another form.
  public static func standardErrors(_ texts: [String]) throws(ImmerseError) -> [String: String] {
    var columns: [String: String] = [:]
    for text in texts {
      guard let sign = text.firstIndex(of: "="), sign != text.startIndex, text.last != "=" else {
        throw ImmerseError(
          .usage, "\"\(text)\" names no column of standard errors", remedy: "write it as INDICATOR=COLUMN")
      }
      columns[String(text[..<sign])] = String(text[text.index(after: sign)...])
    }
    return columns
  }

  /// Tables of replicate estimates, from texts like `estimates.csv:jk2`.
  ///
  /// - Throws: `usage` where a text has another form, `noInput` where there is no such file.
  public static func replicates(_ texts: [String]) throws(ImmerseError) -> Replicates {
    var tables: [ReplicateTable] = []
    for text in texts {
      guard let colon = text.lastIndex(of: ":"), colon != text.startIndex,
        let spread = ReplicateTable.Spread(String(text[text.index(after: colon)...]))
      else {
        throw ImmerseError(
          .usage, "\"\(text)\" names no replicate estimates",
          remedy: "write it as FILE:METHOD, where the method is brr, fay=COEFFICIENT, jk1, jk2, bootstrap, sdr or pv")
      }
      tables.append(ReplicateTable(try DataFile.open(String(text[..<colon])), spread: spread))
    }
    return .tables(tables)
  }

  /// A small text file as a whole.
  ///
  /// - Throws: `noInput` where it cannot be read, `badData` where it is not UTF-8.
  public static func text(of file: String) throws(ImmerseError) -> String {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw ImmerseError(.noInput, "there is no such file, or it cannot be read", place: .init(file: file))
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw ImmerseError(.badData, "the file is not UTF-8 text", place: .init(file: file))
    }
    return text
  }
}

extension Source {
  /// The rows that meet a condition.
  ///
  /// - Throws: `usage` where the condition cannot be read, `badData` where it names a column that does not exist.
  public func filtered(by condition: String) throws(ImmerseError) -> any Source {
    try applying(try FilterTransform(try Expression(parsing: condition)))
  }
}
