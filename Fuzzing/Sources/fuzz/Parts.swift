import ImmerseStats
import Streaming

/// Bytes that another process sends: profiles, saved fits, parts of analyses. The first byte of an input says which.
/// Heads and checksums are made right, because no mutation would get past them.
enum Parts {
  static let run: Target = { bytes in
    guard let kind = bytes.first else { return }
    let payload = Array(bytes.dropFirst())
    switch kind % 4 {
    case 0: _ = try Profile(blob: Array("IMSTPARTP".utf8) + payload + checksum(payload))
    case 1:
      let body = Array("IMSTMODL".utf8) + [1, 0, 0, 0] + payload
      var fit = try SavedFit(body + checksum(body))
      _ = try? fit.model(threads: 1)
    case 2: try merge(payload, into: estimate)
    default: try merge(payload, into: fit)
    }
  }

  private static let estimate = part(
    #"{"estimate": {"kind": "mean", "variables": ["y"], "design": {"weights": "w", "psu": ["g"]}}}"#)
  private static let fit = part(#"{"fit": {"formula": "y ~ x + (1 | g)"}}"#)

  /// An analysis of a few rows.
  private static func part(_ json: String) -> PartialAnalysis {
    let rows = Table([
      ("y", Column((0..<12).map { Double($0 * $0 % 7) })), ("x", Column((0..<12).map { Double($0 % 5) })),
      ("w", Column((0..<12).map { Double(1 + $0 % 3) })), ("g", Column((0..<12).map { "g\($0 / 3)" })),
    ])
    do {
      let request = try AnalysisRequest(json: Array(json.utf8))
      let engine = Engine(threads: 1)
      var profile = try PartialAnalysis(request, profile: nil, engine: engine)
      try profile.update(rows)
      guard case .profile(let known) = try profile.finish() else { fatalError("the first pass yields no profile") }
      var analysis = try PartialAnalysis(request, profile: known, engine: engine)
      try analysis.update(rows)
      return analysis
    } catch {
      fatalError("\(error)")
    }
  }

  private static func merge(_ payload: [UInt8], into part: PartialAnalysis) throws {
    var analysis = part
    // Magic, format version and digest of the request.
    var head = BlobWriter()
    for byte in part.serialized.prefix(20) { head.write(byte) }
    head.write(UInt64(payload.count))
    try analysis.merge(head.bytes + payload + checksum(payload))
    _ = try? analysis.finish()
  }

  private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
    var writer = BlobWriter()
    writer.write(fnv1a(bytes))
    return writer.bytes
  }
}
