public import Columnar

/// A quantity of which the data hold several imputations, such as the plausible values of an achievement test.
///
/// Written `math=PV1MATH-PV10MATH`; where plausible values were drawn within each of several imputations, the
/// imputations are separated by semicolons: `math=I1PV1-I1PV5;I2PV1-I2PV5`.
public struct PlausibleValues: Sendable, Hashable {
  /// What analyses call it.
  public var name: String
  /// Columns, also as ranges; one list where there are no nests.
  public var nests: [[String]]

  public init(_ name: String, columns: [String]) {
    self.name = name
    nests = [columns]
  }

  public init(_ name: String, nests: [[String]]) {
    self.name = name
    self.nests = nests
  }

  /// - Throws: `usage` for a text that is not `name=columns`.
  public init(_ text: String) throws(ImmerseError) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
      throw ImmerseError(
        .usage, "\"\(text)\" does not define plausible values", remedy: "write them as math=PV1MATH-PV10MATH")
    }
    self.init(
      String(parts[0]),
      nests: parts[1].split(separator: ";").map { nest in
        nest.split(separator: ",").map { String($0.drop { $0 == " " }) }
      })
  }

  /// The columns, nest by nest, all nests being of one size.
  ///
  /// - Throws: `usage` for ranges that are none, fewer than two columns, and nests of different sizes.
  var columns: [[String]] {
    get throws(ImmerseError) {
      var columns: [[String]] = []
      for nest in nests { columns.append(try ColumnRange.names(nest)) }
      guard let first = columns.first, columns.allSatisfy({ $0.count == first.count }), !first.isEmpty else {
        throw ImmerseError(
          .usage, "the imputations do not hold the same number of plausible values", variable: name,
          remedy: "give every part between semicolons as many columns")
      }
      guard columns.count * first.count > 1 else {
        throw ImmerseError(
          .usage, "\"\(first[0])\" is a single plausible value, whose spread cannot be known", variable: name,
          remedy: "name all of them, as PV1MATH-PV10MATH, or estimate the column itself")
      }
      return columns
    }
  }
}

extension PlausibleValues: Codable, Spelled {
  public static let example = "math=PV1MATH-PV10MATH"

  /// As `math=PV1MATH-PV10MATH`.
  public init(from decoder: any Decoder) throws {
    try self.init(decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name + "=" + nests.map { $0.joined(separator: ",") }.joined(separator: ";"))
  }
}
