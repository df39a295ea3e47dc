public import Columnar

/// The bytes in which a partial leaves the process: for a lane that outgrew it, a cluster's worker, or another site.
///
/// Layout, little-endian: magic `IMSTPART`, format version (UInt32), digest of the fit's signature (UInt64), length of the
/// payload (UInt64), payload, checksum of the payload (UInt64). Digests and checksums are FNV-1a, 64 bits.
public enum SavedPartial {
  static let magic = Array("IMSTPART".utf8)
  static let version: UInt32 = 1

  public static func encode<F: Fit>(_ partial: F.Partial, of fit: F) -> [UInt8] {
    var payload = BlobWriter()
    partial.write(to: &payload)
    var blob = BlobWriter()
    for byte in magic { blob.write(byte) }
    blob.write(version)
    blob.write(fnv1a(fit.signature.utf8))
    blob.write(UInt64(payload.bytes.count))
    var bytes = blob.bytes + payload.bytes
    var tail = BlobWriter()
    tail.write(fnv1a(payload.bytes))
    bytes += tail.bytes
    return bytes
  }

  /// - Throws: `badData` where the bytes are damaged, of another format version, or of another request.
  public static func decode<F: Fit>(_ bytes: [UInt8], of fit: F) throws(ImmerseError) -> F.Partial {
    let headerLength = magic.count + 4 + 8 + 8
    guard bytes.count >= headerLength + 8, Array(bytes.prefix(magic.count)) == magic else { throw .brokenPartial }
    var header = BlobReader(Array(bytes[magic.count..<headerLength]))
    let version = try header.integer(UInt32.self)
    guard version == Self.version else {
      throw ImmerseError(
        .badData, "the saved partial has format version \(version), this program reads \(Self.version)",
        remedy: "compute all parts with one version")
    }
    guard try header.integer(UInt64.self) == fnv1a(fit.signature.utf8) else {
      throw ImmerseError(
        .badData, "the saved partial belongs to another request or to other levels",
        remedy: "merge only partials of the same analysis")
    }
    let length = try header.integer(UInt64.self)
    guard length == UInt64(bytes.count - headerLength - 8) else { throw .brokenPartial }
    let payload = Array(bytes[headerLength..<(bytes.count - 8)])
    var tail = BlobReader(Array(bytes.suffix(8)))
    guard try tail.integer(UInt64.self) == fnv1a(payload) else { throw .brokenPartial }
    var reader = BlobReader(payload)
    var partial = fit.makePartial()
    try partial.read(from: &reader)
    guard reader.isAtEnd else { throw .brokenPartial }
    return partial
  }
}

/// The 64-bit FNV-1a hash (Fowler, Noll, Vo).
public func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt64 {
  bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}
