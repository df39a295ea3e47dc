public import Columnar

extension DocumentNode {
  /// The value that the document holds, and nothing else: an unknown key, a missing one or a value of the wrong kind is an
  /// error at its place.
  ///
  /// - Parameter file: what messages call the document.
  /// - Throws: `badData` naming the setting and, where known, its line and column.
  public func decode<T: Decodable>(_ type: T.Type, file: String) throws(ImmerseError) -> T {
    do {
      return try NodeDecoder(self, file: file, path: []).decode(type)
    } catch let error as ImmerseError {
      throw error
    } catch {
      throw ImmerseError(.badData, "\(error)", place: ImmerseError.Place(file: file))
    }
  }
}

/// Decodes one node, and remembers which keys were asked for so that the others can be refused.
private final class NodeDecoder<Node: DocumentNode>: Decoder {
  let node: Node
  let file: String
  let codingPath: [any CodingKey]
  let userInfo: [CodingUserInfoKey: Any] = [:]
  private var asked: Set<String> = []

  init(_ node: Node, file: String, path: [any CodingKey]) {
    self.node = node
    self.file = file
    codingPath = path
  }

  func decode<T: Decodable>(_ type: T.Type) throws -> T {
    let value: T
    do {
      value = try T(from: self)
    } catch DecodingError.dataCorrupted(let context) {
      throw error(
        at: node,
        NodeDecoder.wordsAllowed(type).map { "\"\(node.scalarText ?? "")\" is not one of \($0)" }
          ?? context.debugDescription)
    }
    try refuseUnknownKeys()
    return value
  }

  /// The words an enumeration knows.
  private static func wordsAllowed<T>(_ type: T.Type) -> String? {
    guard let enumeration = type as? any CaseIterable.Type else { return nil }
    func words<E: CaseIterable>(_ type: E.Type) -> [String] {
      type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
    }
    return Spelling.list(words(enumeration))
  }

  func ask(for key: any CodingKey) { asked.insert(key.stringValue) }

  private func refuseUnknownKeys() throws {
    guard let members = node.members, !asked.isEmpty else { return }
    for (name, key, _) in members where !asked.contains(name) {
      throw error(
        at: key, "there is no setting \"\(name)\" here",
        remedy: Spelling.nearest(to: name, in: asked.sorted()).map { "did you mean \"\($0)\"?" }
          ?? "the settings are \(Spelling.list(asked.sorted()))")
    }
  }

  func error(at node: Node, _ problem: String, remedy: String? = nil) -> ImmerseError {
    ImmerseError(
      .badData, problem,
      place: ImmerseError.Place(file: file, line: node.position?.line, column: node.position?.column),
      variable: codingPath.isEmpty ? nil : codingPath.map(\.stringValue).joined(separator: "."), remedy: remedy)
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard let members = node.members else { throw error(at: node, "settings were expected here, each with its name") }
    return KeyedDecodingContainer(KeyedNodes(decoder: self, members))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    // A list of one may be written without its dash.
    NodeList(decoder: self, nodes: node.elements ?? [node])
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { NodeValue(decoder: self) }
}

private struct KeyedNodes<Node: DocumentNode, Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: NodeDecoder<Node>
  private let nodes: [String: Node]
  let allKeys: [Key]

  init(decoder: NodeDecoder<Node>, _ members: [(key: String, keyNode: Node, value: Node)]) {
    self.decoder = decoder
    nodes = Dictionary(members.map { ($0.key, $0.value) }) { first, _ in first }
    allKeys = members.compactMap { Key(stringValue: $0.key) }
  }

  var codingPath: [any CodingKey] { decoder.codingPath }

  func contains(_ key: Key) -> Bool {
    decoder.ask(for: key)
    return nodes[key.stringValue] != nil
  }

  func decodeNil(forKey key: Key) throws -> Bool {
    decoder.ask(for: key)
    return nodes[key.stringValue]?.isNull == true
  }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try child(key).decode(type) }

  private func child(_ key: Key) throws -> NodeDecoder<Node> {
    decoder.ask(for: key)
    guard let node = nodes[key.stringValue] else {
      throw decoder.error(at: decoder.node, "the setting \"\(key.stringValue)\" is missing")
    }
    return NodeDecoder(node, file: decoder.file, path: codingPath + [key])
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> { try child(key).container(keyedBy: type) }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try child(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { decoder }

  func superDecoder(forKey key: Key) throws -> any Decoder { try child(key) }
}

private struct NodeList<Node: DocumentNode>: UnkeyedDecodingContainer {
  let decoder: NodeDecoder<Node>
  let nodes: [Node]
  private(set) var currentIndex = 0

  init(decoder: NodeDecoder<Node>, nodes: [Node]) {
    self.decoder = decoder
    self.nodes = nodes
  }

  var codingPath: [any CodingKey] { decoder.codingPath }
  var count: Int? { nodes.count }
  var isAtEnd: Bool { currentIndex == nodes.count }

  private mutating func next() throws -> NodeDecoder<Node> {
    guard !isAtEnd else { throw decoder.error(at: decoder.node, "the list ends too soon") }
    defer { currentIndex += 1 }
    return NodeDecoder(nodes[currentIndex], file: decoder.file, path: codingPath + [ListPosition(currentIndex)])
  }

  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, nodes[currentIndex].isNull else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next().decode(type) }

  mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
    try next().container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }

  mutating func superDecoder() throws -> any Decoder { try next() }
}

/// Where in a list a message's path leads, counted from 1.
private struct ListPosition: CodingKey {
  let intValue: Int?
  init(_ index: Int) { intValue = index }
  init?(intValue: Int) { self.init(intValue) }
  init?(stringValue: String) { nil }
  var stringValue: String { "\((intValue ?? 0) + 1)" }
}

private struct NodeValue<Node: DocumentNode>: SingleValueDecodingContainer {
  let decoder: NodeDecoder<Node>

  var codingPath: [any CodingKey] { decoder.codingPath }

  func decodeNil() -> Bool { decoder.node.isNull }

  private func scalar(_ expected: String) throws -> String {
    guard let text = decoder.node.scalarText else {
      throw decoder.error(at: decoder.node, "\(expected) was expected here")
    }
    return text
  }

  private func parsed<T>(_ expected: String, _ parse: (String) -> T?) throws -> T {
    guard let value = parse(try scalar(expected)) else {
      throw decoder.error(at: decoder.node, "\(expected) was expected here")
    }
    return value
  }

  func decode(_ type: Bool.Type) throws -> Bool {
    try parsed("true or false") { $0 == "true" ? true : $0 == "false" ? false : nil }
  }

  func decode(_ type: String.Type) throws -> String { try scalar("a text") }

  func decode(_ type: Double.Type) throws -> Double {
    try parsed("a number") { text in Double(text).flatMap { $0.isFinite ? $0 : nil } }
  }

  func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }
  func decode(_ type: Int.Type) throws -> Int { try parsed("a whole number") { Int($0) } }
  func decode(_ type: Int8.Type) throws -> Int8 { try parsed("a small whole number") { Int8($0) } }
  func decode(_ type: Int16.Type) throws -> Int16 { try parsed("a small whole number") { Int16($0) } }
  func decode(_ type: Int32.Type) throws -> Int32 { try parsed("a whole number") { Int32($0) } }
  func decode(_ type: Int64.Type) throws -> Int64 { try parsed("a whole number") { Int64($0) } }
  func decode(_ type: UInt.Type) throws -> UInt { try parsed("a whole number") { UInt($0) } }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try parsed("a small whole number") { UInt8($0) } }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try parsed("a small whole number") { UInt16($0) } }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try parsed("a whole number") { UInt32($0) } }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try parsed("a whole number") { UInt64($0) } }

  func decode<T: Decodable>(_ type: T.Type) throws -> T { try decoder.decode(type) }
}
