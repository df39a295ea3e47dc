extension JSONValue {
  /// The value as a document; keys keep the order in which the value names them.
  ///
  /// - Throws: what the value's own encoding throws.
  public init(encoding value: some Encodable) throws {
    let node = EncodedNode()
    try value.encode(to: node)
    self = node.json
  }
}

/// A node of a document that is being written.
private final class EncodedNode: Encoder {
  private enum Content {
    case nothing
    case value(JSONValue)
    case list([EncodedNode])
    case mapping([(key: String, node: EncodedNode)])
  }

  let codingPath: [any CodingKey] = []
  let userInfo: [CodingUserInfoKey: Any] = [:]
  private var content = Content.nothing

  var json: JSONValue {
    switch content {
    case .nothing: .null
    case .value(let value): value
    case .list(let nodes): .array(nodes.map(\.json))
    case .mapping(let members): .object(members.map { .init($0.key, $0.node.json) })
    }
  }

  var count: Int { if case .list(let nodes) = content { nodes.count } else { 0 } }

  func set(_ value: JSONValue) { content = .value(value) }

  func append() -> EncodedNode {
    let node = EncodedNode()
    if case .list(let nodes) = content { content = .list(nodes + [node]) } else { content = .list([node]) }
    return node
  }

  func member(_ key: String) -> EncodedNode {
    let node = EncodedNode()
    if case .mapping(let members) = content {
      content = .mapping(members.filter { $0.key != key } + [(key, node)])
    } else {
      content = .mapping([(key, node)])
    }
    return node
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    if case .mapping = content {} else { content = .mapping([]) }
    return KeyedEncodingContainer(Members(node: self))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    content = .list([])
    return Elements(node: self)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { Scalar(node: self) }

  func encode<T: Encodable>(_ value: T) throws {
    switch value {
    case let value as Bool: set(.bool(value))
    case let value as String: set(.string(value))
    case let value as Double: set(JSONValue(value))
    case let value as any BinaryInteger: set(Int(exactly: value).map { .integer($0) } ?? .number(Double(value)))
    default: try value.encode(to: self)
    }
  }

  struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: EncodedNode

    var codingPath: [any CodingKey] { [] }
    func encodeNil(forKey key: Key) { node.member(key.stringValue).set(.null) }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try node.member(key.stringValue).encode(value) }
    func nestedContainer<Nested: CodingKey>(keyedBy: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
      node.member(key.stringValue).container(keyedBy: Nested.self)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
      node.member(key.stringValue).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { node }
    func superEncoder(forKey key: Key) -> any Encoder { node.member(key.stringValue) }
  }

  struct Elements: UnkeyedEncodingContainer {
    let node: EncodedNode

    var codingPath: [any CodingKey] { [] }
    var count: Int { node.count }
    func encodeNil() { node.append().set(.null) }
    func encode<T: Encodable>(_ value: T) throws { try node.append().encode(value) }
    func nestedContainer<Nested: CodingKey>(keyedBy: Nested.Type) -> KeyedEncodingContainer<Nested> {
      node.append().container(keyedBy: Nested.self)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { node.append().unkeyedContainer() }
    func superEncoder() -> any Encoder { node.append() }
  }

  struct Scalar: SingleValueEncodingContainer {
    let node: EncodedNode

    var codingPath: [any CodingKey] { [] }
    func encodeNil() { node.set(.null) }
    func encode<T: Encodable>(_ value: T) throws { try node.encode(value) }
  }
}
