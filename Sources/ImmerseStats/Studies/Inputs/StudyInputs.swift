public import Columnar
public import CompositeIndicators
public import DataShaping
public import Expressions
import MultilevelModels
public import Streaming
public import SurveyStatistics

/// Where a study finds what it names: files beside the study file, or what a program hands over under these names.
public protocol StudyInputs: Sendable {
  /// The rows of tables, one after the other, as one source.
  ///
  /// - Parameters:
  ///   - dialect: How text tables among them are written.
  ///   - codebook: What a codebook says of variables, by name; variables the tables lack are left out.
  ///   - labels: Whether labelled variables are categories by their labels.
  /// - Throws: `noInput` where there is no such table, `badData` where it is broken.
  func rows(
    _ names: [String], dialect: CSVDialect, codebook: [String: VariableMetadata], labels: Bool
  ) throws(ImmerseError) -> any RandomAccessSource

  /// What a document holds; nil where the name is that of a table.
  ///
  /// - Throws: `noInput` where there is neither, `badData` where it holds something else.
  func document<T: Decodable>(_ type: T.Type, _ name: String) throws(ImmerseError) -> T?

  /// What a file that is neither table nor document holds.
  ///
  /// - Throws: `noInput` where there is none.
  func bytes(_ name: String) throws(ImmerseError) -> [UInt8]
}

extension StudyInputs {
  /// - Throws: `noInput` where there is no such table, `badData` where it is broken.
  public func table(_ name: String) throws(ImmerseError) -> any RandomAccessSource {
    try rows([name], dialect: CSVDialect(), codebook: [:], labels: false)
  }

  /// - Throws: `usage` where the name is that of a table, and what reading the document throws.
  public func requiredDocument<T: Decodable>(_ type: T.Type, _ name: String) throws(ImmerseError) -> T {
    if let document = try document(type, name) { return document }
    throw ImmerseError(.usage, "settings are expected, and not a table", place: .init(file: name))
  }

  /// - Throws: `noInput` where it does not exist, `badData` where it holds no codebook or describes a variable twice.
  public func codebook(_ name: String) throws(ImmerseError) -> Codebook {
    let codebook = try requiredDocument(Codebook.self, name)
    var seen: Set<String> = []
    for variable in codebook.variables where !seen.insert(variable.name).inserted {
      throw ImmerseError(.badData, "is described twice", place: .init(file: name), variable: variable.name)
    }
    return codebook
  }

  /// A framework, or one made of the table of a COINr iMeta.
  ///
  /// - Throws: `noInput` where it does not exist, `badData` where it holds no framework.
  public func framework(_ name: String) throws(ImmerseError) -> Framework {
    if let framework = try document(Framework.self, name) { return framework }
    return try Framework(iMeta: try table(name))
  }

  /// - Throws: `noInput` where they do not exist, `badData` where it holds no margins.
  public func margins(_ name: String) throws(ImmerseError) -> [Margin] {
    if let margins = try document([Margin].self, name) { return margins }
    return try Margin.read(try table(name))
  }

  /// A square table of numbers without names of rows: joint inclusion probabilities, covariances of totals.
  ///
  /// - Throws: `noInput` where the table does not exist, `badData` where a cell is no number.
  public func squareTable(_ name: String) throws(ImmerseError) -> [[Double]] {
    let source = try table(name)
    let names = source.columnNames
    var rows: [[Double]] = []
    for index in 0..<source.chunkCount {
      let batch = try source.chunk(index, names.map { .number($0) })
      let columns = try names.map { n throws(ImmerseError) in try batch.numbers(n) }
      for row in 0..<batch.rowCount { rows.append(columns.map { $0[row] }) }
    }
    return rows
  }

  /// - Throws: `noInput` where it does not exist, `badData` where it holds no model or one of another version.
  public func scoreModel(_ name: String) throws(ImmerseError) -> ScoreModel {
    let saved = try requiredDocument(SavedScoreModel.self, name)
    if saved.schema == SavedScoreModel.schema { return saved.model }
    throw ImmerseError(.badData, "the model is of another version", place: .init(file: name))
  }

  /// - Throws: `noInput` where it does not exist, `badData` where it is no saved fit.
  func savedFit(_ name: String) throws(ImmerseError) -> SavedFit {
    let bytes = try bytes(name)
    do { return try SavedFit(bytes) } catch { throw error.at(.init(file: name)) }
  }

  /// The tables to join, read into memory. Columns that the rows or an earlier table already have are left out.
  ///
  /// - Throws: `noInput` where a table does not exist, `badData` where a key is missing or stands twice.
  public func tables(
    _ joins: [TableJoin], to rows: any Source, engine: Engine
  ) throws(ImmerseError) -> [JoinTransform] {
    var known = Set(rows.columnNames)
    var tables: [JoinTransform] = []
    for join in joins {
      let joined = try table(join.file)
      let added = joined.columnNames.filter { !known.contains($0) }
      tables.append(try JoinTransform(joined, key: join.key, columns: added, with: engine))
      known.formUnion(added)
    }
    return tables
  }
}
