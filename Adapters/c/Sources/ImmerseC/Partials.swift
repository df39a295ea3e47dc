public import CImmerse
import ImmerseStats

/// What an `imm_partial` is to Swift.
private final class Handle {
  var analysis: PartialAnalysis

  init(_ analysis: PartialAnalysis) { self.analysis = analysis }

  static func of(_ partial: OpaquePointer?) throws(ImmerseError) -> Handle {
    guard let partial else { throw .null("partial") }
    return Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(partial)).takeUnretainedValue()
  }
}

@c @implementation
public func imm_partial_new(
  _ request: UnsafePointer<CChar>!, _ request_length: Int64, _ profile: UnsafePointer<UInt8>!, _ profile_length: Int64,
  _ options: UnsafePointer<imm_options>!, _ partial: UnsafeMutablePointer<OpaquePointer?>!,
  _ error: UnsafeMutablePointer<imm_error>!
) -> imm_code {
  partial?.pointee = nil
  return call(error) { () throws(ImmerseError) in
    guard let partial else { throw .null("partial") }
    let request = try AnalysisRequest(json: try bytes(request, request_length, "request"))
    let known = try profile.map { (start) throws(ImmerseError) in try bytes(start, profile_length, "profile") }
    let handle = Handle(try PartialAnalysis(request, profile: known, engine: try Engine(options)))
    partial.pointee = OpaquePointer(Unmanaged.passRetained(handle).toOpaque())
  }
}

@c @implementation
public func imm_partial_update(
  _ partial: OpaquePointer!, _ input: UnsafeMutablePointer<ArrowArrayStream>!, _ error: UnsafeMutablePointer<imm_error>!
) -> imm_code {
  defer { input?.releaseOnce() }
  return call(error) { () throws(ImmerseError) in
    guard let input else { throw .null("input") }
    try Handle.of(partial).analysis.update(try RecordBatches(input))
  }
}

@c @implementation
public func imm_partial_serialize(
  _ partial: OpaquePointer!, _ bytes: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>!,
  _ length: UnsafeMutablePointer<Int64>!, _ error: UnsafeMutablePointer<imm_error>!
) -> imm_code {
  bytes?.pointee = nil
  return call(error) { () throws(ImmerseError) in
    guard let bytes, let length else { throw .null("bytes or length") }
    let serialized = try Handle.of(partial).analysis.serialized
    bytes.pointee = try exported(serialized)
    length.pointee = Int64(serialized.count)
  }
}

@c @implementation
public func imm_partial_merge(
  _ partial: OpaquePointer!, _ bytes: UnsafePointer<UInt8>!, _ length: Int64, _ error: UnsafeMutablePointer<imm_error>!
) -> imm_code {
  call(error) { () throws(ImmerseError) in
    let handle = try Handle.of(partial)
    try handle.analysis.merge(try ImmerseC.bytes(bytes, length, "bytes"))
  }
}

@c @implementation
public func imm_partial_finish(
  _ partial: OpaquePointer!, _ profile: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>!,
  _ profile_length: UnsafeMutablePointer<Int64>!, _ result: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>!,
  _ converged: UnsafeMutablePointer<Int32>!, _ error: UnsafeMutablePointer<imm_error>!
) -> imm_code {
  profile?.pointee = nil
  result?.pointee = nil
  return call(error) { () throws(ImmerseError) in
    guard let profile, let profile_length, let result else { throw .null("profile, profile_length or result") }
    switch try Handle.of(partial).analysis.finish() {
    case .profile(let bytes):
      profile.pointee = try exported(bytes)
      profile_length.pointee = Int64(bytes.count)
    case .outcome(let outcome):
      result.pointee = try exported(outcome.result.json.text)
      converged?.pointee = outcome.result.hasConverged ? 1 : 0
    }
  }
}

@c @implementation
public func imm_partial_free(_ partial: OpaquePointer!) {
  guard let partial else { return }
  Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(partial)).release()
}
