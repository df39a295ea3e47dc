public import Columnar
public import CompositeIndicators
import DataFormats
public import Expressions
import Foundation
public import Streaming
public import SurveyStatistics

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
  /// The rows of all files, one after the other, with the tables attached.
  ///
  /// - Throws: `noInput` where a file does not exist, `badData` where files or keys contradict each other.
  public static func open(
    _ files: [String], joins: [JoinTransform] = []
  ) throws(ImmerseError) -> any Source {
    var sources: [any RandomAccessSource] = []
    for file in files { sources.append(try DataFile.open(file)) }
    var source: any Source = sources.count == 1 ? sources[0] : try AppendedSource(sources)
    for join in joins { source = try source.joining(join) }
    return source
  }

  /// The tables to join, read into memory.
  ///
  /// - Throws: `noInput` where a file does not exist, `badData` where a key is missing or stands twice.
  public static func tables(_ joins: [TableJoin], engine: Engine) throws(ImmerseError) -> [JoinTransform] {
    var tables: [JoinTransform] = []
    for join in joins { tables.append(try JoinTransform(try DataFile.open(join.file), key: join.key, with: engine)) }
    return tables
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

  /// A framework from a YAML file, or from the CSV of a COINr iMeta table.
  ///
  /// - Throws: `noInput` where the file does not exist, `badData` where it does not hold a framework.
  public static func framework(_ file: String) throws(ImmerseError) -> Framework {
    if file.hasSuffix(".csv") { return try Framework(iMeta: try DataFile.open(file)) }
    return try StrictYAML.decode(Framework.self, from: try text(of: file), file: file)
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
