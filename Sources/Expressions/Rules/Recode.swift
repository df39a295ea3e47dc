import Columnar
import Streaming

/// Replaces values by others.
///
/// A key that is a number matches that number however it is written, any other key the text as it stands in the file.
public struct Recode: Sendable, Equatable {
  public var column: String
  public var values: [String: RecodedValue]
  /// What becomes of values without a key.
  public var otherwise: Otherwise

  public enum Otherwise: String, Codable, Sendable {
    case keep, missing
  }

  public init(_ column: String, _ values: [String: RecodedValue], otherwise: Otherwise = .keep) {
    self.column = column
    self.values = values
    self.otherwise = otherwise
  }
}

/// A value that another is replaced by: a text, which may be a number, or missing.
public struct RecodedValue: Sendable, Equatable, ExpressibleByStringLiteral {
  /// Nil for missing.
  public var text: String?

  public init(_ text: String?) { self.text = text }
  public init(stringLiteral text: String) { self.text = text }

  public static let missing = RecodedValue(nil)
}

extension Recode: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case column, values
    case otherwise = "else"
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    column = try fields.decode(String.self, forKey: .column)
    values = try fields.decode([String: RecodedValue].self, forKey: .values)
    otherwise = try fields.decodeIfPresent(Otherwise.self, forKey: .otherwise) ?? .keep
  }
}

extension RecodedValue: Codable {
  /// A text, a number, null or the word `missing`.
  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      text = nil
    } else if let string = try? value.decode(String.self) {
      text = string == "missing" ? nil : string
    } else {
      text = NumberText.shortest(try value.decode(Double.self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    try value.encode(text ?? "missing")
  }
}

extension Recode {
  /// Numbers are recoded as numbers where keys and values allow it, everything else by its text.
  ///
  /// - Throws: `badData` where the column does not exist; `usage` where a column of numbers is given a key that is
  ///   none.
  func transform(to name: String, of source: any Source) throws(ImmerseError) -> any Transform {
    if values.isEmpty { throw ImmerseError(.usage, "recode lists no values", variable: column) }
    try source.require([column])
    let columnIsNumeric = try source.types(of: [column])[column]?.isNumeric == true
    if columnIsNumeric, let key = values.keys.sorted().first(where: { NumberText.number($0) == nil }) {
      throw ImmerseError(
        .usage, "recode has the key \"\(key)\", but the column holds numbers", variable: column,
        remedy: "give the numbers as they stand in the data")
    }
    let givesNumbers =
      values.values.compactMap(\.text).allSatisfy { NumberText.number($0) != nil }
      && (otherwise == .missing || columnIsNumeric)
    return columnIsNumeric && givesNumbers
      ? NumberRecodeTransform(self, to: name)
      : TextRecodeTransform(self, to: name, givesNumbers: givesNumbers)
  }
}

/// Recodes numbers into numbers.
private struct NumberRecodeTransform: Transform {
  private let column: String
  private let name: String
  private let keeps: Bool
  private let pairs: [(key: Double, value: Double)]

  init(_ rule: Recode, to name: String) {
    column = rule.column
    self.name = name
    keeps = rule.otherwise == .keep
    pairs = rule.values.sorted { $0.key < $1.key }.compactMap { key, value in
      NumberText.number(key).map { ($0, value.text.flatMap(NumberText.number) ?? .nan) }
    }
  }

  var inputs: [ColumnRequest] { [.number(column)] }
  var outputs: [Field] { [Field(name, .float64)] }

  func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    let numbers = try batch.numbers(column)
    let recoded = Buffer<Double>(count: numbers.count) { target in
      numbers.withUnsafeBufferPointer { numbers in
        for row in 0..<numbers.count { target[row] = keeps ? numbers[row] : .nan }
        for (key, value) in pairs {
          for row in 0..<numbers.count { target[row] = numbers[row] == key ? value : target[row] }
        }
      }
    }
    var extended = batch
    extended.set(name, Column(.float64(recoded)))
    return extended
  }
}

/// Recodes by the text of each level.
private struct TextRecodeTransform: Transform {
  private let column: String
  private let name: String
  private let keeps: Bool
  private let givesNumbers: Bool
  private let values: [String: RecodedValue]
  private let numbers: [Double: RecodedValue]

  init(_ rule: Recode, to name: String, givesNumbers: Bool) {
    column = rule.column
    self.name = name
    keeps = rule.otherwise == .keep
    self.givesNumbers = givesNumbers
    values = rule.values
    numbers = Dictionary(
      rule.values.sorted { $0.key < $1.key }.compactMap { key, value in NumberText.number(key).map { ($0, value) } },
      uniquingKeysWith: { first, _ in first })
  }

  var inputs: [ColumnRequest] { [.category(column)] }
  var outputs: [Field] { [Field(name, givesNumbers ? .float64 : .category)] }

  func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    let categories = try batch.categories(column)
    let names = categories.levels.names.map(recoded)
    let levels = Levels(sorting: names.compactMap(\.self))
    let map = names.map { $0.flatMap(levels.code) ?? -1 }
    let codes = categories.codes.mapped { $0 < 0 ? -1 : map[Int($0)] }
    let column = Column(.category(codes, levels))
    var extended = batch
    extended.set(name, column)
    return extended
  }

  private func recoded(_ text: String) -> String? {
    let value = values[text] ?? NumberText.number(text).flatMap { numbers[$0] }
    return value.map(\.text) ?? (keeps ? text : nil)
  }
}
