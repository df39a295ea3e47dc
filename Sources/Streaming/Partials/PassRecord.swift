public import Columnar
import Synchronization

/// Passes over rows that lie elsewhere: what those have gathered that have been made, and the fit of the next one.
///
/// An analysis that takes several passes is carried out from its beginning after each of them. A pass that has been made
/// gives what was gathered; at the first that has not, the analysis stops, and the record holds its fit.
public final class PassRecord: Sendable {
  private struct State {
    var made = 0
    var wanted: (any Fit)?
  }

  /// The saved partial of each pass, in their order.
  public let gathered: [[UInt8]]
  private let state = Mutex(State())

  public init(_ gathered: [[UInt8]]) { self.gathered = gathered }

  /// The fit of the pass at which the analysis stopped; nil where it has all that it needs.
  public var wanted: (any Fit)? { state.withLock { $0.wanted } }

  /// - Throws: `failure` at a pass that has not been made, `badData` where the bytes belong to another analysis.
  func partial<F: Fit>(of fit: F) throws(ImmerseError) -> F.Partial {
    let pass = state.withLock { state in
      if state.made == gathered.count { state.wanted = state.wanted ?? fit }
      defer { state.made = min(state.made + 1, gathered.count) }
      return state.made
    }
    guard pass < gathered.count else { throw ImmerseError(.failure, "the rows of this pass lie elsewhere") }
    return try SavedPartial.decode(gathered[pass], of: fit)
  }
}

extension PassRecord {
  /// The record as bytes, with the profile under which its passes were made.
  public func blob(under profile: Profile) -> [UInt8] {
    var blob = BlobWriter()
    blob.write(profile.blob)
    blob.write(gathered.count)
    for partial in gathered { blob.write(partial) }
    var tail = BlobWriter()
    tail.write(fnv1a(blob.bytes))
    return Self.magic + blob.bytes + tail.bytes
  }

  private static let magic = Array("IMSTPASS".utf8)

  /// - Throws: `badData` where the bytes are not those of a record.
  public static func reading(_ bytes: [UInt8]) throws(ImmerseError) -> (profile: Profile, record: PassRecord) {
    guard bytes.count >= magic.count + 8, bytes.starts(with: magic) else { throw .brokenPartial }
    let payload = Array(bytes[magic.count..<bytes.count - 8])
    var tail = BlobReader(Array(bytes.suffix(8)))
    guard try tail.integer(UInt64.self) == fnv1a(payload) else { throw .brokenPartial }
    var blob = BlobReader(payload)
    let profile = try Profile(blob: try blob.byteList())
    let count = try blob.integer(Int.self)
    var gathered: [[UInt8]] = []
    while gathered.count < count { gathered.append(try blob.byteList()) }
    guard blob.isAtEnd else { throw .brokenPartial }
    return (profile, PassRecord(gathered))
  }
}
