/// Where an indicator's value comes from before units are scored.
///
/// ```yaml
/// from: {items: [teacher_help, teacher_care], minimum: 1, maximum: 5, at_least: 4}
/// from: {table: country, column: enrolment_foreign}
/// ```
public enum ValueOrigin: Codable, Sendable, Equatable {
  /// Computed for every child from its answers.
  case items(ItemScale)
  /// A column of the table of that level.
  case column(String, table: MeasurementLevel)

  private enum CodingKeys: String, CodingKey { case table, column }
  private enum Mark: String, CodingKey { case items }

  public init(from decoder: any Decoder) throws {
    if try decoder.container(keyedBy: Mark.self).contains(.items) {
      self = .items(try ItemScale(from: decoder))
      return
    }
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self = .column(
      try container.decode(String.self, forKey: .column),
      table: try container.decode(MeasurementLevel.self, forKey: .table))
  }

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .items(let scale): try scale.encode(to: encoder)
    case .column(let column, let table):
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(table, forKey: .table)
      try container.encode(column, forKey: .column)
    }
  }
}
