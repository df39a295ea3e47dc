public import Foundation

/// A JSON reference file, read by path of keys and positions.
///
/// ```swift
/// let golden = try GoldenJSON(TestFiles.golden("survey/clus1.json"))
/// let mean = try golden["values", "mean_api00", "estimate"].number
/// ```
public struct GoldenJSON: @unchecked Sendable {
  public let value: Any
  let path: String

  public init(_ file: URL) throws {
    value = try JSONSerialization.jsonObject(with: try Data(contentsOf: file), options: [.fragmentsAllowed])
    path = file.lastPathComponent
  }

  init(value: Any, path: String) {
    self.value = value
    self.path = path
  }

  public struct Missing: Error, CustomStringConvertible {
    public let description: String
  }

  /// The element at a path of keys; missing elements are JSON null.
  public subscript(keys: String...) -> GoldenJSON {
    keys.reduce(self) { node, key in
      GoldenJSON(value: (node.value as? [String: Any])?[key] ?? NSNull(), path: "\(node.path).\(key)")
    }
  }

  public subscript(index: Int) -> GoldenJSON {
    let list = value as? [Any] ?? []
    return GoldenJSON(value: list.indices.contains(index) ? list[index] : NSNull(), path: "\(path)[\(index)]")
  }

  public var isNull: Bool { value is NSNull }
  public var keys: [String] { (value as? [String: Any])?.keys.sorted() ?? [] }
  public var list: [GoldenJSON] { ((value as? [Any]) ?? []).indices.map { self[$0] } }

  public var number: Double {
    get throws {
      guard let number = value as? NSNumber else { throw Missing(description: "no number at \(path)") }
      return number.doubleValue
    }
  }

  public var numbers: [Double] { get throws { try list.map { try $0.number } } }

  public var string: String {
    get throws {
      guard let string = value as? String else { throw Missing(description: "no string at \(path)") }
      return string
    }
  }

  /// The element of a list of objects whose `key` is `value`.
  public func first(where key: String, is value: String) throws -> GoldenJSON {
    for element in list where (element[key].value as? String) == value { return element }
    throw Missing(description: "no element with \(key) = \(value) at \(path)")
  }
}
