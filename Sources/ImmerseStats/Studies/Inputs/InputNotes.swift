public import Columnar
public import DataShaping
public import Expressions
public import Streaming

/// What has to be said of inputs that were put together.
public enum InputNotes {
  /// What appended tables say differently of one variable, in words.
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
}

extension Source {
  /// The rows with the columns of the tables.
  ///
  /// - Throws: `badData` where a key column does not exist, `usage` where a column would stand twice.
  public func joining(_ tables: [JoinTransform]) throws(ImmerseError) -> any Source {
    var source: any Source = self
    for table in tables { source = try source.joining(table) }
    return source
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
