import Columnar
import ImmerseStats
import Streaming
import Testing

/// Parts whose head and checksum are right, and one of whose numbers is not: they come from other processes.
@Suite struct DamagedPartTests {
  private static let requests =
    AnalysisRequestTests.requests + [
      #"{"diagnose": {"weights": "w", "variables": ["x", "region"], "by": ["region"]}}"#,
      #"{"estimate": {"kind": "segregation", "variables": ["a:school"], "design": {"psu": ["school"]}}}"#,
      #"{"estimate": {"kind": "mean", "variables": ["y"], "by": ["region"], "#
        + #""design": {"weights": "w", "replicates": {"columns": ["x", "y"], "method": "jk1"}}}}"#,
      #"{"estimate": {"kind": "glm", "variables": ["y ~ x"], "design": {"weights": "w", "psu": ["school"]}}}"#,
      #"{"scale": {"scale": {"name": "s", "items": [{"name": "x", "thresholds": [0,1,2,3,4,5,6,7,8,9]}]}, "#
        + #""by": "region"}}"#,
    ]

  /// As bits of eight bytes: integers at their ends, numbers that are none, and such that count nothing.
  private static let damages = [UInt64.max, 1 << 63, 1 << 62, (-1.0).bitPattern, (-1e300).bitPattern, 1e300.bitPattern]

  @Test(arguments: requests)
  func endInAnErrorOrAResult(_ json: String) throws {
    let request = try AnalysisRequest(json: Array(json.utf8))
    let rows = AnalysisRequestTests.table(schools: 0..<3)
    let engine = Engine(threads: 1)
    var first = try PartialAnalysis(request, profile: nil, engine: engine)
    try first.update(rows)
    guard case .profile(let profile) = try first.finish() else {
      Issue.record("the first pass yields no profile")
      return
    }
    var part = try PartialAnalysis(request, profile: profile, engine: engine)
    try part.update(rows)
    // Magic, format version and digest of the request; then the payload's length, the payload and its checksum.
    let bytes = part.serialized
    let (head, payload) = (bytes.prefix(28), Array(bytes[28..<bytes.count - 8]))
    var refused = 0
    for place in stride(from: 0, to: payload.count - 7, by: 8) {
      for damage in Self.damages {
        var damaged = payload
        withUnsafeBytes(of: damage.littleEndian) { damaged.replaceSubrange(place..<place + 8, with: $0) }
        var checksum = BlobWriter()
        checksum.write(fnv1a(damaged))
        var whole = part
        do {
          try whole.merge(head + damaged + checksum.bytes)
          _ = try whole.finish()
        } catch { refused += 1 }
      }
    }
    #expect(refused > 0)
  }
}
