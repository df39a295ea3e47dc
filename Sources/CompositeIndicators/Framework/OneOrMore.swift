extension KeyedDecodingContainer {
  /// A list, which may be written as its only element.
  package func decodeOneOrMore<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> [T]? {
    if (try? nestedUnkeyedContainer(forKey: key)) != nil { return try decode([T].self, forKey: key) }
    return try decodeIfPresent(T.self, forKey: key).map { [$0] }
  }
}
