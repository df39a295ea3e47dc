public import Columnar
public import CompositeIndicators
public import DataFormats
public import Expressions
import Foundation
import ImmerseStats
public import Streaming
public import SurveyStatistics
import Yams

/// A table to attach to the rows, many-to-one.
public struct TableJoin: Sendable, Hashable, Decodable {
  public var file: String
  public var key: String

  public init(file: String, key: String) {
    self.file = file
    self.key = key
  }

  /// Reads `FILE:KEY`.
  ///
  /// - Throws: `usage` where the text has another form.
  public init(option: String) throws(ImmerseError) {
    guard let colon = option.lastIndex(of: ":"), colon != option.startIndex, option.last != ":" else {
      throw ImmerseError(.usage, "\"\(option)\" is not a join", remedy: "write it as FILE:KEY")
    }
    file = String(option[..<colon])
    key = String(option[option.index(after: colon)...])
  }
}

/// Opens what users name: files, tables to join, margins.
public enum Inputs {
  /// The tables to join, read into memory. Columns that the rows or an earlier table already have are left out.
  ///
  /// - Throws: `noInput` where a file does not exist, `badData` where a key is missing or stands twice.
  public static func tables(
    _ joins: [TableJoin], to rows: any Source, engine: Engine
  ) throws(ImmerseError) -> [JoinTransform] {
    var known = Set(rows.columnNames)
    var tables: [JoinTransform] = []
    for join in joins {
      let file = try DataFile.open(join.file)
      let added = file.columnNames.filter { !known.contains($0) }
      tables.append(try JoinTransform(file, key: join.key, columns: added, with: engine))
      known.formUnion(added)
    }
    return tables
  }

  /// The rows with the columns of the tables.
  ///
  /// - Throws: `badData` where a key column does not exist, `usage` where a column would stand twice.
  public static func joining(_ rows: any Source, _ tables: [JoinTransform]) throws(ImmerseError) -> any Source {
    var source = rows
    for table in tables { source = try source.joining(table) }
    return source
  }

  /// What appended files say differently of one variable, in words.
  public static func contradictions(in rows: any Source) -> [Note] {
    guard let names = (rows as? AppendedSource)?.contradictions, !names.isEmpty else { return [] }
    return [
      Note(
        "contradicting_labels",
        "the files label the codes of \(names.count) variables differently or declare others missing; a code keeps the "
          + "label of the first file: \(Spelling.list(names))")
    ]
  }

  /// What the columns that became one say differently of it, in words.
  public static func contradictions(in long: LongSource) -> [Note] {
    if long.contradictions.isEmpty { return [] }
    return [
      Note(
        "contradicting_labels",
        "columns that became one label its codes differently or declare others missing; a code keeps its first label: "
          + Spelling.list(long.contradictions))
    ]
  }

  /// What did not match between the rows and the tables, in words.
  ///
  /// - Throws: `badData` where a key column does not exist.
  public static func check(
    _ tables: [JoinTransform], of rows: any Source, engine: Engine
  ) throws(ImmerseError) -> [Note] {
    let dataset = try Dataset(rows, columns: tables.flatMap(\.inputs), engine: engine)
    var notes: [Note] = []
    for table in tables { notes += table.notes(try dataset.fit(JoinCheck(table), with: engine)) }
    return notes
  }

  /// Margins from a CSV or YAML file.
  ///
  /// - Throws: `noInput` where the file does not exist, `badData` where it does not hold margins.
  public static func margins(_ file: String) throws(ImmerseError) -> [Margin] {
    if file.hasSuffix(".yaml") || file.hasSuffix(".yml") {
      return try StrictYAML.decode([Margin].self, from: try text(of: file), file: file)
    }
    return try Margin.read(try DataFile.open(file))
  }

  /// A square table of numbers without names of rows: joint inclusion probabilities, covariances of totals.
  ///
  /// - Throws: `noInput` where the file does not exist, `badData` where a cell is no number.
  public static func squareTable(_ file: String) throws(ImmerseError) -> [[Double]] {
    let source = try DataFile.open(file)
    let names = source.columnNames
    var rows: [[Double]] = []
    for index in 0..<source.chunkCount {
      let batch = try source.chunk(index, names.map { .number($0) })
      let columns = try names.map { n throws(ImmerseError) in try batch.numbers(n) }
      for row in 0..<batch.rowCount { rows.append(columns.map { $0[row] }) }
    }
    return rows
  }

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

  /// A framework from a YAML file, or from the CSV of a COINr iMeta table.
  ///
  /// - Throws: `noInput` where the file does not exist, `badData` where it does not hold a framework.
  public static func framework(_ file: String) throws(ImmerseError) -> Framework {
    if file.hasSuffix(".csv") { return try Framework(iMeta: try DataFile.open(file)) }
    return try StrictYAML.decode(Framework.self, from: try text(of: file), file: file)
  }

  /// A scale of items with their parameters from a YAML file.
  ///
  /// - Throws: `noInput` where the file does not exist, `badData` where it does not hold a scale.
  public static func scale(_ file: String) throws(ImmerseError) -> ResponseScale {
    try StrictYAML.decode(ResponseScale.self, from: try text(of: file), file: file)
  }

  /// Items whose parameters are to be estimated, from a YAML file.
  ///
  /// - Throws: `noInput` where the file does not exist, `badData` where it does not hold items.
  public static func calibration(_ file: String) throws(ImmerseError) -> ScaleCalibration {
    try StrictYAML.decode(ScaleCalibration.self, from: try text(of: file), file: file)
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

extension JoinTransform {
  /// How rows and table met, in words; nothing where every key matched.
  func notes(_ report: JoinReport) -> [Note] {
    var notes: [Note] = []
    if report.unmatchedRows > 0 {
      notes.append(
        Note(
          "unmatched_keys",
          "\(tableName): \(report.unmatchedRows) rows have a \(key) that the table lacks, the first of them row "
            + "\(report.firstUnmatchedRows.first ?? 0)"))
    }
    if report.keysWrittenOtherwise > 0 {
      notes.append(
        Note(
          "keys_written_otherwise",
          "\(tableName): \(report.keysWrittenOtherwise) of the \(key)s it lacks are numbers that it has, written otherwise, as "
            + "01 and 1; keys are compared as they stand in the files (recode one of them)"))
    }
    if report.rowsWithoutKey > 0 {
      notes.append(Note("missing_keys", "\(tableName): \(report.rowsWithoutKey) rows have no \(key)"))
    }
    if report.unusedTableRows > 0 {
      notes.append(
        Note("unused_keys", "\(tableName): \(report.unusedTableRows) rows of the table match no row of the data"))
    }
    return notes
  }
}
