import Columnar

/// A key of any name, to see which keys a file really has.
private struct AnyKey: CodingKey {
  let stringValue: String
  let intValue: Int?
  init?(stringValue: String) {
    self.stringValue = stringValue
    intValue = nil
  }
  init?(intValue: Int) {
    stringValue = "\(intValue)"
    self.intValue = intValue
  }
}

extension Decoder {
  /// The keyed container, where every key is one of `keys`.
  ///
  /// A misspelt key in a framework would otherwise quietly leave a weight or a direction at its default.
  func strictContainer<Key: CodingKey & CaseIterable>(_ keys: Key.Type) throws -> KeyedDecodingContainer<Key> {
    let known = keys.allCases.map(\.stringValue)
    let present = try container(keyedBy: AnyKey.self).allKeys.map(\.stringValue).sorted()
    if let unknown = present.first(where: { !known.contains($0) }) {
      let meant = Spelling.nearest(to: unknown, in: known).map { "did you mean \"\($0)\"?" }
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: codingPath,
          debugDescription: "unknown key \"\(unknown)\"; \(meant ?? "the keys are \(Spelling.list(known))")"))
    }
    return try container(keyedBy: keys)
  }
}

extension KeyedDecodingContainer {
  /// A list, which may be written as its only element.
  func decodeOneOrMore<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> [T]? {
    if (try? nestedUnkeyedContainer(forKey: key)) != nil { return try decode([T].self, forKey: key) }
    return try decodeIfPresent(T.self, forKey: key).map { [$0] }
  }
}
