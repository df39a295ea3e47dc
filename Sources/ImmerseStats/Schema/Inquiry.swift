import Columnar

/// Which answers have been given to the questions of a decoding type, in order; those that follow are the first of each.
struct Answers {
  private var given: [(answer: Int, of: Int)] = []
  private var place = 0

  /// An answer to the next question, of which there are `count`.
  mutating func next(of count: Int) -> Int {
    defer { place += 1 }
    if place == given.count { given.append((0, count)) }
    return given[place].answer
  }

  /// Goes on to the next answers; false after the last.
  mutating func advance() -> Bool {
    given.removeLast(given.count - place)
    place = 0
    while let last = given.popLast() {
      guard last.answer + 1 < last.of else { continue }
      given.append((last.answer + 1, last.of))
      return true
    }
    return false
  }
}

/// One pretended document, and what a type asked of it.
final class Inquiry: Decoder {
  let codingPath: [any CodingKey] = []
  let userInfo: [CodingUserInfoKey: Any] = [:]

  private let describer: SettingsDescriber
  private(set) var answers: Answers
  private(set) var isMapping: Bool?
  private(set) var schema = SettingsSchema()
  /// The only setting that need not be there and is; the questions that only such a one raises are asked one at a time.
  private(set) var present: String?
  private var absent: Set<String> = []
  private var lists: Set<String> = []
  /// The words of vocabularies that settings hold which have to be there.
  private(set) var words: [String: JSONValue] = [:]
  /// What the document is where it is no mapping.
  private(set) var scalars = SettingForms()

  init(_ describer: SettingsDescriber, _ answers: Answers) {
    self.describer = describer
    self.answers = answers
  }

  /// The document is not of the kind that the type asked for, or cannot be made up.
  struct Refusal: Error {}

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    let answer = isMapping ?? (scalars == SettingForms() && answers.next(of: 2) == 0)
    isMapping = answer
    guard answer else { throw Refusal() }
    return KeyedDecodingContainer(KeyedInquiry(inquiry: self))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw Refusal() }

  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    guard isMapping != true else { throw Refusal() }
    return ScalarInquiry(inquiry: self)
  }

  fileprivate func isPresent(_ key: String) -> Bool {
    if key == present { return true }
    guard present == nil, !absent.contains(key) else { return false }
    if answers.next(of: 2) == 1 { present = key } else { absent.insert(key) }
    return key == present
  }

  fileprivate func required<T: Decodable>(_ type: T.Type, _ key: String) throws -> T {
    if key != present, !schema.required.contains(key) { schema.required.append(key) }
    if let words = SettingsDescriber.words(type) {
      let (word, meaning) = words[answers.next(of: words.count)]
      schema[key].add(SettingForms(.word(word)))
      self.words[key] = word
      return meaning
    }
    let description = describer.describe(type)
    schema[key].add(description.forms)
    guard let sample = description.sample else { throw Refusal() }
    return sample
  }

  /// A type that asks whether a setting is a list takes a list of what it takes otherwise.
  fileprivate func mayBeList(_ key: String) { lists.insert(key) }

  fileprivate func optional<T: Decodable>(_ type: T.Type, _ key: String) -> T? {
    let description = describer.describe(type)
    schema[key].add(description.forms)
    if lists.contains(key) { schema[key].add(SettingForms(.list(description.forms))) }
    schema[key].add(SettingForms(.null))
    guard let sample = description.sample, isPresent(key) else { return nil }
    return sample
  }

  fileprivate func scalar<T: Decodable>(_ type: T.Type) throws -> T {
    // The last answer is that the document is something else.
    if let words = SettingsDescriber.words(type) {
      let answer = answers.next(of: words.count + 1)
      guard answer < words.count else { throw Refusal() }
      scalars.add(SettingForms(.word(words[answer].value)))
      return words[answer].meaning
    }
    let description = describer.describe(type)
    guard let sample = description.sample, answers.next(of: 2) == 0 else { throw Refusal() }
    scalars.add(description.forms)
    return sample
  }

  fileprivate func isNull() -> Bool {
    guard answers.next(of: 2) == 1 else { return false }
    scalars.add(SettingForms(.null))
    return true
  }

  /// One of the keys that a type knows, where it looks at the keys that are there.
  fileprivate func anyKey<Key: CodingKey>(of type: Key.Type) -> [Key] {
    guard let enumeration = type as? any CaseIterable.Type else { return [] }
    func keys<E: CaseIterable>(_ type: E.Type) -> [Key] { type.allCases.compactMap { $0 as? Key } }
    let known = keys(enumeration)
    guard present == nil, !known.isEmpty else { return known.filter { $0.stringValue == present } }
    let key = known[answers.next(of: known.count)]
    present = key.stringValue
    return [key]
  }
}

private struct KeyedInquiry<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let inquiry: Inquiry

  var codingPath: [any CodingKey] { [] }
  var allKeys: [Key] { inquiry.anyKey(of: Key.self) }

  func contains(_ key: Key) -> Bool { inquiry.isPresent(key.stringValue) }
  func decodeNil(forKey key: Key) throws -> Bool { false }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    try inquiry.required(type, key.stringValue)
  }

  func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
    inquiry.optional(type, key.stringValue)
  }

  // These have implementations of their own, which would ask otherwise.
  func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { inquiry.optional(type, key.stringValue) }
  func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
    inquiry.optional(type, key.stringValue)
  }
  func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
    inquiry.optional(type, key.stringValue)
  }
  func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { inquiry.optional(type, key.stringValue) }
  func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? {
    inquiry.optional(type, key.stringValue)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> { throw Inquiry.Refusal() }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    inquiry.mayBeList(key.stringValue)
    throw Inquiry.Refusal()
  }

  func superDecoder() throws -> any Decoder { inquiry }
  func superDecoder(forKey key: Key) throws -> any Decoder { throw Inquiry.Refusal() }
}

private struct ScalarInquiry: SingleValueDecodingContainer {
  let inquiry: Inquiry

  var codingPath: [any CodingKey] { [] }
  func decodeNil() -> Bool { inquiry.isNull() }
  func decode<T: Decodable>(_ type: T.Type) throws -> T { try inquiry.scalar(type) }
}
