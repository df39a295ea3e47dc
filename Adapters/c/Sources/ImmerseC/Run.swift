public import CImmerse
import ImmerseStats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@c @implementation
public func imm_abi_version() -> Int32 { Int32(IMM_ABI_VERSION) }

/// Written once, and never freed.
nonisolated(unsafe) private let versionText = (try? exported(Provenance.version)).map { UnsafePointer($0) }

@c @implementation
public func imm_version() -> UnsafePointer<CChar>! { versionText }

@c @implementation
public func imm_schema() -> UnsafeMutablePointer<CChar>! { try? exported(AnalysisRequest.schema.text) }

@c @implementation
public func imm_free(_ memory: UnsafeMutableRawPointer!) { free(memory) }

@c @implementation
public func imm_run(
  _ request: UnsafePointer<CChar>!, _ request_length: Int64, _ input: UnsafeMutablePointer<ArrowArrayStream>!,
  _ options: UnsafePointer<imm_options>!, _ rows: UnsafeMutablePointer<ArrowArrayStream>!,
  _ result: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>!, _ converged: UnsafeMutablePointer<Int32>!,
  _ error: UnsafeMutablePointer<imm_error>!
) -> imm_code {
  result?.pointee = nil
  rows?.pointee = ArrowArrayStream()
  // The stream is moved, whatever happens.
  defer { input?.releaseOnce() }
  return call(error) { () throws(ImmerseError) in
    guard let input else { throw .null("input") }
    guard let result else { throw .null("result") }
    let request = try AnalysisRequest(json: try bytes(request, request_length, "request"))
    let outcome = try request.run(on: try RecordBatches(input), engine: try Engine(options))
    try deliver(outcome, result, rows, converged)
  }
}

/// Hands a result over, and the rows that come with it.
func deliver(
  _ outcome: AnalysisOutcome, _ result: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>,
  _ rows: UnsafeMutablePointer<ArrowArrayStream>?, _ converged: UnsafeMutablePointer<Int32>?
) throws(ImmerseError) {
  result.pointee = try exported(outcome.result.json.text)
  converged?.pointee = outcome.result.hasConverged ? 1 : 0
  if let rows { ArrowExport.write(outcome.addedRows, fields: outcome.addedFields, to: rows) }
}

@c @implementation
public func imm_result_rows(
  _ result: UnsafePointer<CChar>!, _ result_length: Int64, _ rows: UnsafeMutablePointer<ArrowArrayStream>!,
  _ error: UnsafeMutablePointer<imm_error>!
) -> imm_code {
  call(error) { () throws(ImmerseError) in
    guard let rows else { throw .null("rows") }
    let document = try JSONValue(parsing: try bytes(result, result_length, "result"), file: "result")
    guard case .array(let objects) = document["rows"] else {
      throw ImmerseError(.badData, "this is no result: it has no rows")
    }
    let batch = ResultTable(objects).batch
    let fields = zip(batch.names, batch.columns).map { Field($0, $1.type) }
    ArrowExport.write([batch], fields: fields, to: rows)
  }
}

extension UnsafeMutablePointer<ArrowArrayStream> {
  func releaseOnce() { pointee.release?(self) }
}
