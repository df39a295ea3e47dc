import Columnar
import CompositeIndicators
public import DataShaping
public import Expressions
import Streaming
public import SurveyStatistics

/// A study file: everything a published analysis consists of, in the order in which it is done.
public struct Study: Sendable, Decodable {
  public var title: String
  /// What a reader must know before any figure: where the data come from and what they are not.
  public var about: [String]
  /// What reports call a variable or a level, by its name in the data.
  public var labels: [String: String]
  /// Files whose rows are appended; paths count from the study file.
  public var data: [String]
  /// How text tables among them are written.
  public var dialect: CSVDialect
  /// A codebook with labels and missing codes of the data's variables.
  public var codebook: String?
  /// Whether labelled variables are categories by their labels.
  public var valueLabels: Bool
  /// Columns of waves or items that become rows, before anything else is done to them.
  public var reshape: Reshape?
  public var join: [TableJoin]
  public var derive: [Derivation]
  /// Files of scales with item parameters; their scores become columns.
  public var scales: [String]
  public var design: SurveyDesign
  /// The steps by which the design's weights are made; empty where they are in the data.
  public var weighting: [WeightingStep]
  public var estimates: [EstimateStep]
  public var scores: [ScoreStep]
  public var sensitivity: [SensitivityStep]
  public var models: [ModelStep]

  enum CodingKeys: String, CodingKey {
    case title, about, labels, data, dialect, codebook, reshape, join, derive, scales, design, weighting, estimates,
      scores,
      sensitivity, models
    case valueLabels = "value_labels"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    title = try container.decode(String.self, forKey: .title)
    about = try container.decodeIfPresent([String].self, forKey: .about) ?? []
    labels = try container.decodeIfPresent([String: String].self, forKey: .labels) ?? [:]
    data = try container.decode([String].self, forKey: .data)
    dialect = try container.decodeIfPresent(CSVDialect.self, forKey: .dialect) ?? CSVDialect()
    codebook = try container.decodeIfPresent(String.self, forKey: .codebook)
    valueLabels = try container.decodeIfPresent(Bool.self, forKey: .valueLabels) ?? false
    reshape = try container.decodeIfPresent(Reshape.self, forKey: .reshape)
    join = try container.decodeIfPresent([TableJoin].self, forKey: .join) ?? []
    derive = try container.decodeIfPresent([Derivation].self, forKey: .derive) ?? []
    scales = try container.decodeIfPresent([String].self, forKey: .scales) ?? []
    design = try container.decodeIfPresent(SurveyDesign.self, forKey: .design) ?? SurveyDesign()
    weighting = try container.decodeOneOrMore(WeightingStep.self, forKey: .weighting) ?? []
    estimates = try container.decodeIfPresent([EstimateStep].self, forKey: .estimates) ?? []
    scores = try container.decodeIfPresent([ScoreStep].self, forKey: .scores) ?? []
    sensitivity = try container.decodeIfPresent([SensitivityStep].self, forKey: .sensitivity) ?? []
    models = try container.decodeIfPresent([ModelStep].self, forKey: .models) ?? []
  }
}

/// One analysis of a study: the name of its files and the heading of its section.
public struct StepName: Sendable, Decodable {
  /// Letters, digits and underscores: it becomes a file's name.
  public var name: String
  public var title: String
  public var text: String?

  enum CodingKeys: String, CodingKey {
    case name, title, text
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    title = try container.decodeIfPresent(String.self, forKey: .title) ?? name
    text = try container.decodeIfPresent(String.self, forKey: .text)
    let isFileName =
      !name.isEmpty
      && name.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x5f
      }
    guard isFileName else {
      throw DecodingError.dataCorruptedError(
        forKey: .name, in: container,
        debugDescription: "an analysis is named by letters, digits and underscores, for its files bear the name")
    }
  }
}

/// Estimates under the study's design, unless they bring their own.
public struct EstimateStep: Sendable, Decodable {
  public var step: StepName
  public var request: EstimateRequest
  /// The rules of an assessment, which bring their own design.
  public var preset: AssessmentPreset?
  private var hasDesign: Bool

  private enum CodingKeys: String, CodingKey { case design, preset }

  public init(from decoder: any Decoder) throws {
    step = try StepName(from: decoder)
    request = try EstimateRequest(from: decoder)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    preset = try container.decodeIfPresent(AssessmentPreset.self, forKey: .preset)
    hasDesign = container.contains(.design)
  }

  /// - Throws: `usage` or `badData` where the preset does not fit the study or the data.
  func request(of study: Study, _ source: any Source) throws(ImmerseError) -> EstimateRequest {
    if let preset { return try preset.apply(to: request, of: source) }
    var request = request
    if !hasDesign { request.design = study.design }
    if let made = study.weighting.last?.output, request.design.weights == made, request.design.replicates != nil,
      request.design != study.design
    {
      throw ImmerseError(
        .usage, "has replicates of its own for weights that the study makes", variable: step.name,
        remedy: "name them in the study's design, so that they receive every step")
    }
    return request
  }
}

extension Study {
  /// The names of all tables and documents that it reads, each once, in the order of their names.
  public var inputs: [String] {
    let design: [String?] = [self.design.pps?.jointFile, codebook]
    let steps =
      scores.map(\.framework) + scores.compactMap(\.apply) + weighting.compactMap(\.margins)
      + weighting.compactMap(\.covariance) + models.flatMap(\.merge)
    return Set(data + join.map(\.file) + scales + steps + design.compactMap(\.self)).sorted()
  }

  /// - Throws: `badData` where two analyses would write the same files.
  func checkNames(_ file: String) throws(ImmerseError) {
    var seen: Set<String> = ["weights", "report", "provenance"]
    for name in estimates.map(\.step.name) + scores.map(\.step.name) + sensitivity.map(\.step.name)
      + models.map(\.step.name)
    where !seen.insert(name).inserted {
      throw ImmerseError(
        .badData, "two analyses would be written to files of this name", place: .init(file: file), variable: name,
        remedy: "rename one of them")
    }
  }
}
