public import CImmerse
import ImmerseStats

@c @implementation
public func imm_run_study(
  _ study: UnsafePointer<CChar>!, _ study_length: Int64, _ tables: UnsafePointer<imm_table>!, _ table_count: Int64,
  _ options: UnsafePointer<imm_options>!, _ weights: UnsafeMutablePointer<ArrowArrayStream>!,
  _ result: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>!, _ converged: UnsafeMutablePointer<Int32>!,
  _ error: UnsafeMutablePointer<imm_error>!
) -> imm_code {
  result?.pointee = nil
  weights?.pointee = ArrowArrayStream()
  let given = UnsafeBufferPointer(start: tables, count: tables == nil ? 0 : Int(clamping: max(0, table_count)))
  // The streams are moved, whatever happens.
  defer { for table in given { table.rows?.releaseOnce() } }
  return call(error) { () throws(ImmerseError) in
    guard table_count >= 0 else { throw ImmerseError(.usage, "\(table_count) tables") }
    guard tables != nil || table_count == 0 else { throw .null("tables") }
    guard let result else { throw .null("result") }
    let request = try StudyRequest(json: try bytes(study, study_length, "study"))
    let outcome = try request.run(on: try named(given), engine: try Engine(options))
    try deliver(outcome, result, weights, converged)
  }
}

/// - Throws: `usage` where a name is missing, not UTF-8 or stands twice; `badData` where a stream is broken.
private func named(
  _ given: UnsafeBufferPointer<imm_table>
) throws(ImmerseError) -> [String: any RandomAccessSource] {
  var tables: [String: any RandomAccessSource] = [:]
  for table in given {
    guard let text = table.name, let rows = table.rows else { throw .null("a table's name or rows") }
    guard let name = String(validatingCString: text) else { throw ImmerseError(.usage, "a table's name is not UTF-8") }
    guard tables.updateValue(try RecordBatches(rows, name: name), forKey: name) == nil else {
      throw ImmerseError(.usage, "two tables are called \"\(name)\"")
    }
  }
  return tables
}

@c @implementation
public func imm_study_inputs(
  _ study: UnsafePointer<CChar>!, _ study_length: Int64, _ names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>!,
  _ error: UnsafeMutablePointer<imm_error>!
) -> imm_code {
  names?.pointee = nil
  return call(error) { () throws(ImmerseError) in
    guard let names else { throw .null("names") }
    let request = try StudyRequest(json: try bytes(study, study_length, "study"))
    names.pointee = try exported(JSONValue.array(request.study.inputs.map { .string($0) }).compactText)
  }
}
