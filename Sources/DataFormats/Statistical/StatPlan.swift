import CReadStat
import Columnar

/// How the columns of a table become the variables of an SPSS or Stata file, and what of them such a file cannot hold.
struct StatPlan {
  struct Variable: Sendable {
    /// The column's name and the variable's.
    var column: String
    var name: String
    var isText: Bool
    /// The bytes of a text.
    var width: Int
    var storage: DataType
    var metadata: VariableMetadata
    /// The column of the reasons for missing values, where it has one.
    var reasons: String?
    /// What stands for each reason.
    var codes: [String: VariableMetadata.Code]
    /// The number of each label, where the column holds labels in place of its codes.
    var numberOfLabel: [String: Double]
  }

  private(set) var variables: [Variable] = []
  let rowCount: Int
  private(set) var notes: [Note] = []

  /// - Parameters:
  ///   - reasons: The column of reasons of each variable that has one.
  /// - Throws: `badData` where a column holds what no such file can.
  init(
    _ fields: [Field], _ metadata: [String: VariableMetadata], reasons: [String: String], _ survey: ColumnSurvey,
    _ format: StatFormat
  ) throws(ImmerseError) {
    rowCount = survey.rowCount
    var names = StatNames(format)
    var losses = Losses()
    for field in fields {
      let finding = survey.findings[field.name] ?? ColumnSurvey.Finding()
      let reason = reasons[field.name].flatMap { survey.findings[$0]?.levels.isEmpty == false ? $0 : nil }
      var own = metadata[field.name] ?? VariableMetadata()
      var variable = Variable(
        column: field.name, name: names.accepted(field.name), isText: !field.type.isNumeric, width: finding.width,
        storage: field.type, metadata: own, reasons: reason, codes: [:], numberOfLabel: [:])
      if field.type == .category { variable.numberOfLabel = Self.numbers(of: finding.levels, own) }
      if !variable.numberOfLabel.isEmpty { (variable.isText, variable.storage) = (false, .float64) }
      if variable.name != field.name { losses.add("are renamed", "\(field.name) (to \(variable.name))") }
      if finding.isRounded { losses.add("hold integers beyond 2^53, which are rounded", field.name) }
      if variable.isText, finding.width > (format == .dta ? 2045 : 32767) {
        throw ImmerseError(
          .badData, "holds texts of \(finding.width) bytes, which a \(format.program) file does not",
          variable: field.name, remedy: "leave the column out, or write .arrow")
      }
      let present = reason.flatMap { survey.findings[$0]?.levels } ?? []
      if format == .dta {
        Self.fitToStata(&own, &variable, present, field.name, &losses)
      } else {
        Self.fitToSPSS(&own, &variable, present, field.name, &losses)
      }
      variable.metadata = own
      variables.append(variable)
    }
    notes = losses.notes(format.program)
  }

  /// The numbers whose labels all levels are; empty where one of them is none.
  private static func numbers(of levels: Set<String>, _ metadata: VariableMetadata) -> [String: Double] {
    var numbers: [String: Double] = [:]
    for value in metadata.answerLabels {
      guard case .number(let number) = value.code, numbers[value.label] == nil else { continue }
      numbers[value.label] = number
    }
    return levels.isSubset(of: numbers.keys) ? numbers : [:]
  }

  /// SPSS declares three codes, or a range and a code; its text codes take eight bytes.
  private static func fitToSPSS(
    _ metadata: inout VariableMetadata, _ variable: inout Variable, _ present: Set<String>, _ name: String,
    _ losses: inout Losses
  ) {
    var ranges: [VariableMetadata.MissingRule] = []
    var codes: [VariableMetadata.MissingRule] = []
    for rule in metadata.missing {
      switch rule {
      case .range: if !variable.isText { ranges.append(rule) }
      case .code(.number): if !variable.isText { codes.append(rule) }
      case .code(.text(let text)): if variable.isText, text.utf8.count <= 8 { codes.append(rule) }
      case .code(.tag): break
      }
    }
    let kept = Array(ranges.prefix(1) + codes.prefix(ranges.isEmpty ? 3 : 1))
    if kept.count < metadata.missing.count {
      losses.add("declare more missing codes than the format holds; those left out are system-missing", name)
    }
    metadata.missing = kept
    for level in present {
      let code = VariableMetadata.Code(reason: level, metadata, isText: variable.isText)
      if metadata.isMissing(code), !code.isTag { variable.codes[level] = code }
    }
    if variable.codes.count < present.count { losses.add("have missing values whose reason is not kept", name) }
    let labels = metadata.valueLabels.filter { !$0.code.isTag && $0.code.isText == variable.isText }
    if labels.count < metadata.valueLabels.count { losses.add("have labels of codes of another kind, left out", name) }
    if labels.contains(where: { $0.label.utf8.count > 120 }) { losses.add("have labels cut to 120 bytes", name) }
    metadata.valueLabels = labels.map { .init($0.code, cut($0.label, to: 120)) }
    if let label = metadata.label, label.utf8.count > 255 {
      losses.add("have names in words cut to 255 bytes", name)
      metadata.label = cut(label, to: 255)
    }
    if metadata.format?.hasPrefix("%") == true {
      losses.add("have a print format of another program, left out", name)
      metadata.format = nil
    }
    // A text variable must be wide enough for its codes.
    for case .code(.text(let text)) in kept { variable.width = max(variable.width, text.utf8.count) }
  }

  /// Stata has 26 lettered missing values and labels of whole numbers.
  private static func fitToStata(
    _ metadata: inout VariableMetadata, _ variable: inout Variable, _ present: Set<String>, _ name: String,
    _ losses: inout Losses
  ) {
    let reasons = present.map { ($0, VariableMetadata.Code(reason: $0, metadata, isText: variable.isText)) }
      .sorted { $0.1 < $1.1 }
    let declared: [VariableMetadata.Code] = metadata.missing.compactMap {
      if case .code(let code) = $0 { code } else { nil }
    }
    var letters: [VariableMetadata.Code: UInt8] = [:]
    var next = UInt8(ascii: "a")
    for code in reasons.map(\.1) + declared + metadata.valueLabels.map(\.code).filter(metadata.isMissing) {
      if case .tag(let letter) = code {
        letters[code] = letter
      } else if !variable.isText, letters[code] == nil, next <= UInt8(ascii: "z") {
        letters[code] = next
        next += 1
      }
    }
    for (level, code) in reasons {
      if let letter = letters[code] { variable.codes[level] = .tag(letter) }
    }
    let moved = letters.filter { !$0.key.isTag }.sorted { $0.value < $1.value }
    if !moved.isEmpty {
      let list = moved.map { "\($0.key) as .\(Character(Unicode.Scalar($0.value)))" }.joined(separator: " ")
      losses.add("have missing codes written as letters", "\(name) (\(list))")
    }
    if variable.codes.count < present.count { losses.add("have missing values whose reason is not kept", name) }
    var labels: [VariableMetadata.ValueLabel] = []
    for value in metadata.valueLabels {
      if let letter = letters[value.code] {
        labels.append(.init(.tag(letter), value.label))
      } else if case .number(let number) = value.code, Int32(exactly: number) != nil, !variable.isText {
        labels.append(value)
      } else {
        losses.add("have labels of codes that are no whole numbers, left out", name)
      }
    }
    (metadata.valueLabels, metadata.missing) = (labels, [])
    if let label = metadata.label, label.count > 80 {
      losses.add("have names in words cut to 80 characters", name)
      metadata.label = String(label.prefix(80))
    }
    if metadata.measure != nil {
      losses.add("have a level of measurement, left out", name)
      metadata.measure = nil
    }
    if let format = metadata.format, !format.hasPrefix("%") {
      losses.add("have a print format of another program, left out", name)
      metadata.format = nil
    }
  }
}

extension VariableMetadata.Code {
  var isTag: Bool { if case .tag = self { true } else { false } }
  var isText: Bool { if case .text = self { true } else { false } }

  /// The code behind a level of a column of reasons: its label, or itself.
  init(reason level: String, _ metadata: VariableMetadata, isText: Bool) {
    let code = VariableMetadata.Code(level, isText: isText)
    self =
      metadata.isMissing(code)
      ? code : metadata.valueLabels.first { $0.label == level && metadata.isMissing($0.code) }?.code ?? code
  }
}

/// What is lost, and of which variables.
private struct Losses {
  private var order: [String] = []
  private var variables: [String: [String]] = [:]

  mutating func add(_ loss: String, _ variable: String) {
    if variables[loss] == nil { order.append(loss) }
    if variables[loss]?.last != variable { variables[loss, default: []].append(variable) }
  }

  func notes(_ program: String) -> [Note] {
    order.map { loss in
      let names = variables[loss] ?? []
      let list = names.prefix(5).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
      return Note("not_kept", "in the \(program) file \(names.count) variables \(loss): \(list)")
    }
  }
}
