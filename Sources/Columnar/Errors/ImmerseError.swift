/// What went wrong, where, and what to do about it.
///
/// One error type runs through the whole project, so that a message built deep in a reader reaches the terminal, a
/// JSON result or another language unchanged. Messages name files, variables, rows and settings; they never
/// contain a respondent's values.
public struct ImmerseError: Error, Sendable, Equatable {
  /// The class of an error; the command maps each onto its exit code.
  public enum Kind: String, Sendable, CaseIterable {
    /// The request itself cannot be carried out as written (exit 64).
    case usage
    /// The data contradict the request or themselves (exit 65).
    case badData
    /// An input does not exist or cannot be opened (exit 66).
    case noInput
    /// Reading or writing failed part-way (exit 74).
    case inputOutput
    /// A computation cannot be completed (exit 1).
    case failure
    /// The caller asked to stop (exit 130).
    case cancelled
  }

  /// A position in a file. Lines and columns count from 1; a column is a field of the line, not a byte.
  public struct Place: Sendable, Equatable {
    public var file: String
    public var line: Int?
    public var column: Int?

    public init(file: String, line: Int? = nil, column: Int? = nil) {
      self.file = file
      self.line = line
      self.column = column
    }
  }

  public var kind: Kind
  public var problem: String
  public var place: Place?
  /// The row of the source, counted from 0; the source turns it into a place.
  public var row: Int?
  public var variable: String?
  public var remedy: String?

  public init(
    _ kind: Kind, _ problem: String, place: Place? = nil, row: Int? = nil, variable: String? = nil,
    remedy: String? = nil
  ) {
    self.kind = kind
    self.problem = problem
    self.place = place
    self.row = row
    self.variable = variable
    self.remedy = remedy
  }

  /// The error with a place, where it had none.
  public func at(_ place: Place) -> ImmerseError {
    var located = self
    located.place = located.place ?? place
    return located
  }

  /// The error of one part of the data, named as in "period 2018".
  public func within(_ part: String) -> ImmerseError {
    var named = self
    named.problem = "\(part): \(problem)"
    return named
  }
}

extension ImmerseError.Place: CustomStringConvertible {
  public var description: String {
    var text = file
    if let line { text += ":\(line)" }
    if let column { text += ":\(column)" }
    return text
  }
}

extension ImmerseError: CustomStringConvertible {
  /// One line: place, variable, problem, remedy.
  public var description: String {
    var parts: [String] = []
    if let place { parts.append("\(place)") }
    if let row, place?.line == nil { parts.append("row \(row + 1)") }
    if let variable { parts.append("variable \"\(variable)\"") }
    parts.append(problem)
    let line = parts.joined(separator: ": ")
    guard let remedy else { return line }
    return "\(line) (\(remedy))"
  }
}
