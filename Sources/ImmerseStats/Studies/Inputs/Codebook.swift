public import Columnar

/// What a file's variables mean: a YAML file with a list of `variables`, each with its `name`, and what is known of its
/// `label`, `values` (a label by code), `missing_codes` (codes, and ranges as `90..99`) and `type`.
public struct Codebook: Sendable, Decodable {
  public struct Variable: Sendable, Decodable {
    public var name: String
    public var metadata: VariableMetadata
    /// The scale whose item it is.
    public var scale: String?
    public var isReversed: Bool?
    /// Why values may be missing, in words.
    public var missing: String?
    /// Whether its values are text, where that is known.
    public var isText: Bool?

    public init(name: String, metadata: VariableMetadata, isText: Bool? = nil) {
      self.name = name
      self.metadata = metadata
      self.isText = isText
    }
  }

  /// Items that together measure one thing.
  public struct Scale: Sendable, Decodable {
    public var name: String
    public var label: String?
    public var items: [String]
  }

  public var title: String?
  public var variables: [Variable]
  public var scales: [Scale]

  public init(title: String? = nil, variables: [Variable], scales: [Scale] = []) {
    self.title = title
    self.variables = variables
    self.scales = scales
  }

  /// What it says of the variables, by name.
  public var metadata: [String: VariableMetadata] {
    variables.reduce(into: [:]) { $0[$1.name] = $1.metadata }
  }
}

extension Codebook {
  private enum CodingKeys: String, CodingKey {
    case title, variables, scales, simulated, unit, direction, note
    case siteVariables = "site_variables"
    case countryVariables = "country_variables"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    title = try container.decodeIfPresent(String.self, forKey: .title)
    variables = try container.decode([Variable].self, forKey: .variables)
    scales = try container.decodeIfPresent([Scale].self, forKey: .scales) ?? []
    container.allow(.simulated, .unit, .direction, .note, .siteVariables, .countryVariables)
  }
}

extension Codebook.Scale {
  private enum CodingKeys: String, CodingKey {
    case name, label, items, indicator, note, direction
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    label = try container.decodeIfPresent(String.self, forKey: .label)
    items = try container.decode([String].self, forKey: .items)
    container.allow(.indicator, .note, .direction)
  }
}

extension Codebook.Variable {
  private enum CodingKeys: String, CodingKey {
    case name, label, type, values, missing, range, format, scale, reversed, role, indicator, note, direction
    case missingCodes = "missing_codes"
    case askedOf = "asked_of"
  }

  /// A key of a mapping whose keys are data.
  private struct CodeKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    scale = try container.decodeIfPresent(String.self, forKey: .scale)
    isReversed = try container.decodeIfPresent(Bool.self, forKey: .reversed)
    missing = try container.decodeIfPresent(String.self, forKey: .missing)
    metadata = VariableMetadata(
      label: try container.decodeIfPresent(String.self, forKey: .label),
      missing: (try container.decodeIfPresent([String].self, forKey: .missingCodes) ?? []).map { text in
        let rule = VariableMetadata.MissingRule(text, isText: false)
        if case .range = rule { return rule }
        return .code(Self.code(text))
      },
      format: try container.decodeIfPresent(String.self, forKey: .format))
    switch try container.decodeIfPresent(String.self, forKey: .type) {
    case "nominal": metadata.measure = .nominal
    case "ordinal": metadata.measure = .ordinal
    case "number", "scale": metadata.measure = .scale
    default: break
    }
    if container.contains(.values) {
      let values = try container.nestedContainer(keyedBy: CodeKey.self, forKey: .values)
      metadata.valueLabels = try values.allKeys.map { key in
        .init(Self.code(key.stringValue), try values.decode(String.self, forKey: key))
      }
      metadata.valueLabels.sort { $0.code < $1.code }
    }
    container.allow(.range, .role, .indicator, .note, .direction, .askedOf)
  }

  /// A code as it stands in the data: a number where a number would print just so.
  private static func code(_ text: String) -> VariableMetadata.Code {
    let code = VariableMetadata.Code(text, isText: false)
    if case .number(let number) = code, NumberText.shortest(number) != text { return .text(text) }
    return code
  }
}

extension KeyedDecodingContainer {
  /// Lets keys stand that other readers of the file use.
  fileprivate func allow(_ keys: Key...) {
    for key in keys { _ = contains(key) }
  }
}
