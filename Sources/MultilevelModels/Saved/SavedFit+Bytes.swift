public import Columnar
import ModelFormula
import Streaming

/// The file of a fit. Layout, little-endian: magic `IMSTMODL`, format version (UInt32), then the request by its names and
/// values, the profile, θ and the cross-products, each with its length; a checksum (FNV-1a, 64 bits) of all of it.
extension SavedFit {
  private static let magic = Array("IMSTMODL".utf8)
  private static let version: UInt32 = 1

  /// The fit as bytes. O(groups · columns²).
  public var bytes: [UInt8] {
    var blob = BlobWriter()
    for byte in Self.magic { blob.write(byte) }
    blob.write(Self.version)
    blob.write(request.fields)
    blob.write(profile.blob)
    blob.write(theta ?? [])
    blob.write(SavedPartial.encode(partial, of: fit))
    var tail = BlobWriter()
    tail.write(fnv1a(blob.bytes))
    return blob.bytes + tail.bytes
  }

  /// - Throws: `badData` where the bytes are damaged or of another version.
  public init(_ bytes: [UInt8]) throws(ImmerseError) {
    let head = Self.magic.count + 4
    guard bytes.count >= head + 8, bytes.starts(with: Self.magic) else { throw .brokenFit }
    var header = BlobReader(Array(bytes[Self.magic.count..<head]))
    let version = try header.integer(UInt32.self)
    guard version == Self.version else {
      throw ImmerseError(
        .badData, "the saved fit has format version \(version), this program reads \(Self.version)",
        remedy: "fit the model anew")
    }
    var tail = BlobReader(Array(bytes.suffix(8)))
    guard try tail.integer(UInt64.self) == fnv1a(bytes[..<(bytes.count - 8)]) else { throw .brokenFit }
    var blob = BlobReader(Array(bytes[head..<(bytes.count - 8)]))
    let request = try FitRequest(fields: try blob.strings())
    let profile = try Profile(blob: try blob.byteList())
    let theta = try blob.doubles()
    try self.init(try ModelPlan(request), profile: profile)
    partial = try SavedPartial.decode(try blob.byteList(), of: fit)
    guard blob.isAtEnd, theta.isEmpty || theta.allSatisfy(\.isFinite) else { throw .brokenFit }
    self.theta = theta.isEmpty ? nil : theta
  }
}

extension FitRequest {
  /// Names and values, one after the other; what is not given is left out.
  fileprivate var fields: [String] {
    let weightFields = weights.flatMap { ["weight", $0] }
    let options: [(String, String?)] = [
      ("method", method?.rawValue), ("weights_kind", weightsKind.rawValue), ("weights_are", weightsAre?.rawValue),
      ("weight_scaling", weightScaling.rawValue), ("residual_by", residualBy), ("level", "\(level)"),
      ("standard_errors", inference.standardErrors?.rawValue), ("df", inference.degreesOfFreedom?.rawValue),
      ("bread", inference.bread.rawValue), ("psu", inference.psu), ("strata", inference.strata),
      ("fpc", inference.fpc), ("variance_errors", inference.varianceErrors.map { $0 ? "yes" : "no" }),
      ("tests", inference.tests ? "yes" : "no"),
    ]
    return ["formula", formula] + weightFields + options.flatMap { name, value in value.map { [name, $0] } ?? [] }
  }

  /// - Throws: `badData` where a name or a value is unknown.
  fileprivate init(fields: [String]) throws(ImmerseError) {
    self.init("")
    guard fields.count % 2 == 0 else { throw .brokenFit }
    func known<T>(_ value: T?) throws(ImmerseError) -> T {
      guard let value else { throw .brokenFit }
      return value
    }
    for index in stride(from: 0, to: fields.count, by: 2) {
      let value = fields[index + 1]
      switch fields[index] {
      case "formula": formula = value
      case "weight": weights.append(value)
      case "method": method = try known(Method(rawValue: value))
      case "weights_kind": weightsKind = try known(WeightKind(rawValue: value))
      case "weights_are": weightsAre = try known(Conditioning(rawValue: value))
      case "weight_scaling": weightScaling = try known(WeightScaling(rawValue: value))
      case "residual_by": residualBy = value
      case "level": level = try known(Double(value))
      case "standard_errors": inference.standardErrors = try known(.init(rawValue: value))
      case "df": inference.degreesOfFreedom = try known(.init(rawValue: value))
      case "bread": inference.bread = try known(.init(rawValue: value))
      case "psu": inference.psu = value
      case "strata": inference.strata = value
      case "fpc": inference.fpc = value
      case "variance_errors": inference.varianceErrors = value == "yes"
      case "tests": inference.tests = value == "yes"
      default: throw .brokenFit
      }
    }
  }
}

extension ImmerseError {
  fileprivate static let brokenFit = ImmerseError(
    .badData, "the saved fit is damaged or incomplete", remedy: "fit the model anew")
}
