import Columnar

extension Derivation: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case name, compute, recode, cut, reverse
    case rowMean = "row_mean"
    case atLeast = "at_least"
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    name = try fields.decode(String.self, forKey: .name)
    let rules = fields.allKeys.filter { $0 != .name }
    guard rules.count == 1, let key = rules.first else {
      let known = CodingKeys.allCases.dropFirst().map(\.rawValue).joined(separator: ", ")
      throw DecodingError.dataCorrupted(
        DecodingError.Context(
          codingPath: decoder.codingPath, debugDescription: "derived column \"\(name)\" needs one rule of \(known)"))
    }
    switch key {
    case .name, .compute: rule = .compute(try fields.decode(String.self, forKey: key))
    case .recode: rule = .recode(try fields.decode(Recode.self, forKey: key))
    case .cut: rule = .cut(try fields.decode(Cut.self, forKey: key))
    case .reverse: rule = .reverse(try fields.decode(Reverse.self, forKey: key))
    case .rowMean: rule = .rowMean(try fields.decode(RowMean.self, forKey: key))
    case .atLeast: rule = .atLeast(try fields.decode(AtLeast.self, forKey: key))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(name, forKey: .name)
    switch rule {
    case .compute(let expression): try fields.encode(expression, forKey: .compute)
    case .recode(let rule): try fields.encode(rule, forKey: .recode)
    case .cut(let rule): try fields.encode(rule, forKey: .cut)
    case .reverse(let rule): try fields.encode(rule, forKey: .reverse)
    case .rowMean(let rule): try fields.encode(rule, forKey: .rowMean)
    case .atLeast(let rule): try fields.encode(rule, forKey: .atLeast)
    }
  }
}
