public import Columnar
import Streaming

/// How a wide table, of one row a child with a column for each wave or item, becomes a long one, of one row for each child
/// and wave: Stata's `reshape long`, tidyr's `pivot_longer`, pandas' `wide_to_long`.
public struct Reshape: Sendable, Hashable {
  /// A variable of the long table and the wide columns that hold it.
  public struct Variable: Sendable, Hashable {
    public var name: String
    /// Names and ranges such as `math1-math4`; nil for every column called by the name and a number.
    public var columns: [String]?

    public init(_ name: String, columns: [String]? = nil) {
      self.name = name
      self.columns = columns
    }

    /// Reads `score=math1-math4`, `score=math_pre,math_post`, or `math` for math1, math2 and so on.
    ///
    /// - Throws: `usage` where the text has another form.
    public init(parsing text: String) throws(ImmerseError) {
      guard let sign = text.firstIndex(of: "=") else {
        self.init(text)
        return
      }
      let columns = text[text.index(after: sign)...].split(separator: ",").map {
        String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
      }
      guard sign != text.startIndex, !columns.isEmpty, !columns.contains("") else {
        throw ImmerseError(
          .usage, "\"\(text)\" does not say which columns become one", remedy: "write it as score=math1-math4")
      }
      self.init(String(text[..<sign]), columns: columns)
    }
  }

  public var variables: [Variable]
  /// What the column is called that tells the rows of one child apart.
  public var index: String
  /// Columns that together name each wide row once; not checked where there are none.
  public var id: [String]
  /// Whether rows are left out in which every variable is missing.
  public var dropsMissing: Bool

  public init(_ variables: [Variable], index: String = "wave", id: [String] = [], dropsMissing: Bool = false) {
    self.variables = variables
    self.index = index
    self.id = id
    self.dropsMissing = dropsMissing
  }
}

extension Reshape: Decodable {
  private enum CodingKeys: String, CodingKey {
    case long, index, id
    case dropsMissing = "drop_missing"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try container.decode([String].self, forKey: .long).map { try Variable(parsing: $0) },
      index: try container.decodeIfPresent(String.self, forKey: .index) ?? "wave",
      id: try container.decodeIfPresent([String].self, forKey: .id) ?? [],
      dropsMissing: try container.decodeIfPresent(Bool.self, forKey: .dropsMissing) ?? false)
  }
}
