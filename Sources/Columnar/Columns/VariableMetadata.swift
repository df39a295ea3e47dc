/// What a file or a codebook says about a variable beside its values.
public struct VariableMetadata: Sendable, Hashable {
  /// A code that stands in the data.
  public enum Code: Sendable, Hashable {
    case number(Double)
    case text(String)
    /// One of the lettered missing values of Stata and SAS, `.a` to `.z` and `._`, by its letter.
    case tag(UInt8)
  }

  /// Which codes are answers that were not given: refused, not applicable ...
  public enum MissingRule: Sendable, Hashable {
    case code(Code)
    /// All numbers from the lower to the upper bound, which may be infinite.
    case range(Double, Double)
  }

  /// How a variable is measured, as SPSS names it.
  public enum Measure: String, Sendable, CaseIterable {
    case nominal, ordinal, scale
  }

  public struct ValueLabel: Sendable, Hashable {
    public var code: Code
    public var label: String

    public init(_ code: Code, _ label: String) {
      self.code = code
      self.label = label
    }
  }

  /// What the variable is called in words; the question's text.
  public var label: String?
  /// What codes stand for, in the order of the codes.
  public var valueLabels: [ValueLabel]
  public var missing: [MissingRule]
  public var measure: Measure?
  /// How the program that wrote the file would print the values, as it writes it (`F8.2`, `%td`).
  public var format: String?
  /// The type the file stores numbers in, where it is narrower than the one in which they are delivered.
  public var storage: DataType?

  public init(
    label: String? = nil, valueLabels: [ValueLabel] = [], missing: [MissingRule] = [], measure: Measure? = nil,
    format: String? = nil, storage: DataType? = nil
  ) {
    self.label = label
    self.valueLabels = valueLabels
    self.missing = missing
    self.measure = measure
    self.format = format
    self.storage = storage
  }

  /// Whether nothing is said.
  public var isEmpty: Bool { self == VariableMetadata() }

  /// Whether something is said that a reader would miss: in words, or which codes are missing.
  public var hasWords: Bool { label != nil || !valueLabels.isEmpty || !missing.isEmpty }

  /// Whether a code stands for an answer that was not given.
  public func isMissing(_ code: Code) -> Bool {
    if case .tag = code { return true }
    return missing.contains { rule in
      switch (rule, code) {
      case (.code(let own), _): own == code
      case (.range(let lower, let upper), .number(let number)): lower <= number && number <= upper
      default: false
      }
    }
  }

  /// The labels of codes that are answers.
  public var answerLabels: [ValueLabel] { valueLabels.filter { !isMissing($0.code) } }

  /// Whether its values are categories with names: some answer has a label, and it is not measured on a scale.
  public var isLabelled: Bool { measure != .scale && !answerLabels.isEmpty }

  /// What a code stands for, or nil.
  public func label(of code: Code) -> String? { valueLabels.first { $0.code == code }?.label }
}

extension VariableMetadata.Code: CustomStringConvertible {
  /// The code as it prints: numbers in their shortest form, letters with a point before them.
  public var description: String {
    switch self {
    case .number(let number): NumberText.shortest(number)
    case .text(let text): text
    case .tag(let letter): ".\(Character(Unicode.Scalar(letter)))"
    }
  }

  /// Reads what `description` prints, of a variable that holds text or numbers.
  public init(_ text: String, isText: Bool) {
    let bytes = Array(text.utf8)
    if !isText, let number = NumberText.number(text) {
      self = .number(number)
    } else if !isText, bytes.count == 2, bytes[0] == UInt8(ascii: "."), Double.isMissingTag(bytes[1]) {
      self = .tag(bytes[1])
    } else {
      self = .text(text)
    }
  }
}

extension VariableMetadata.Code: Comparable {
  /// Numbers by size, then letters, then text by its bytes.
  public static func < (a: Self, b: Self) -> Bool {
    switch (a, b) {
    case (.number(let x), .number(let y)): x < y
    case (.tag(let x), .tag(let y)): x < y
    case (.text(let x), .text(let y)): x.utf8.lexicographicallyPrecedes(y.utf8)
    case (.number, _), (.tag, .text): true
    default: false
    }
  }
}

extension VariableMetadata.MissingRule: CustomStringConvertible {
  /// A code, or two bounds with two points between them.
  public var description: String {
    switch self {
    case .code(let code): "\(code)"
    case .range(let lower, let upper): "\(NumberText.bound(lower))..\(NumberText.bound(upper))"
    }
  }

  /// Reads what `description` prints, of a variable that holds text or numbers.
  public init(_ text: String, isText: Bool) {
    let bytes = Array(text.utf8)
    let points = bytes.indices.dropLast().first { bytes[$0] == UInt8(ascii: ".") && bytes[$0 + 1] == bytes[$0] }
    if !isText, let points,
      let lower = NumberText.number(String(decoding: bytes[..<points], as: UTF8.self)),
      let upper = NumberText.number(String(decoding: bytes[(points + 2)...], as: UTF8.self))
    {
      self = .range(lower, upper)
    } else {
      self = .code(VariableMetadata.Code(text, isText: isText))
    }
  }
}

extension NumberText {
  fileprivate static func bound(_ value: Double) -> String {
    value.isFinite ? shortest(value) : value < 0 ? "-inf" : "inf"
  }
}

extension Double {
  /// NaN that remembers which lettered missing value it stands for.
  public static func missing(tag letter: UInt8) -> Double { Double(bitPattern: tagged | UInt64(letter)) }

  /// The letter of a lettered missing value, or nil.
  public var missingTag: UInt8? {
    bitPattern & ~0xff == Self.tagged ? UInt8(truncatingIfNeeded: bitPattern) : nil
  }

  static func isMissingTag(_ letter: UInt8) -> Bool {
    letter == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter)
  }

  /// A quiet NaN with a mark of our own above its last byte.
  private static let tagged: UInt64 = 0x7ff8_494d_4d00_0000
}
