import Columnar
import Streaming

/// Cuts numbers into intervals, as R's `cut` does; a number outside of all is missing.
public struct Cut: Sendable, Equatable {
  public var column: String
  /// The ends of the intervals, ascending; the outer ones may be infinite.
  public var breaks: [Double]
  /// A label for each interval; without labels they are named as `(6,11]`.
  public var labels: [String]?
  /// The end that belongs to an interval.
  public var closed: Side
  /// Whether the one outer break that no interval would hold belongs to the interval beside it, R's `include.lowest`.
  public var includesLowest: Bool

  public enum Side: String, Codable, Sendable {
    case left, right
  }

  public init(
    _ column: String, breaks: [Double], labels: [String]? = nil, closed: Side, includesLowest: Bool = false
  ) {
    self.column = column
    self.breaks = breaks
    self.labels = labels
    self.closed = closed
    self.includesLowest = includesLowest
  }
}

extension Cut: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case column, breaks, labels, closed
    case includesLowest = "include_lowest"
  }

  /// A break as a number or, since JSON has no infinite numbers, as `inf` or `-inf`.
  private struct Break: Codable {
    let value: Double

    init(value: Double) { self.value = value }

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self), let number = NumberText.number(text) {
        value = number
      } else {
        value = try container.decode(Double.self)
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      if value.isFinite { try container.encode(value) } else { try container.encode(NumberText.shortest(value)) }
    }
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    column = try fields.decode(String.self, forKey: .column)
    breaks = try fields.decode([Break].self, forKey: .breaks).map(\.value)
    labels = try fields.decodeIfPresent([String].self, forKey: .labels)
    closed = try fields.decode(Side.self, forKey: .closed)
    includesLowest = try fields.decodeIfPresent(Bool.self, forKey: .includesLowest) ?? false
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(column, forKey: .column)
    try fields.encode(breaks.map(Break.init), forKey: .breaks)
    try fields.encodeIfPresent(labels, forKey: .labels)
    try fields.encode(closed, forKey: .closed)
    try fields.encode(includesLowest, forKey: .includesLowest)
  }
}

/// Adds the interval in which a number lies as a category whose levels keep the intervals' order.
struct CutTransform: Transform {
  private let rule: Cut
  private let name: String
  private let levels: Levels

  init(_ rule: Cut, to name: String) throws(ImmerseError) {
    let breaks = rule.breaks
    guard breaks.count >= 2, zip(breaks, breaks.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw ImmerseError(.usage, "cut needs at least two breaks in ascending order", variable: rule.column)
    }
    let labels = rule.labels ?? rule.intervalNames
    guard labels.count == breaks.count - 1, Set(labels).count == labels.count else {
      throw ImmerseError(
        .usage, "\(breaks.count) breaks need \(breaks.count - 1) different labels, not \(labels.count)",
        variable: rule.column, remedy: "give one label for each interval between two breaks")
    }
    self.rule = rule
    self.name = name
    levels = Levels(labels, isDeclared: true)
  }

  var inputs: [ColumnRequest] { [.number(rule.column)] }
  var outputs: [Field] { [Field(name, .category)] }

  func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    let numbers = try batch.numbers(rule.column)
    let breaks = rule.breaks
    let (isRight, includesLowest) = (rule.closed == .right, rule.includesLowest)
    let last = breaks.count - 1
    let codes = Buffer<Int32>(count: numbers.count) { target in
      numbers.withUnsafeBufferPointer { numbers in
        for row in 0..<numbers.count {
          let value = numbers[row]
          var passed = 0
          for end in breaks { passed += (isRight ? value > end : value >= end) ? 1 : 0 }
          if includesLowest {
            if isRight && value == breaks[0] { passed = 1 }
            if !isRight && value == breaks[last] { passed = last }
          }
          target[row] = passed > last ? -1 : Int32(truncatingIfNeeded: passed - 1)
        }
      }
    }
    var extended = batch
    extended.set(name, Column(.category(codes, levels)))
    return extended
  }
}

extension Cut {
  /// The intervals as R writes them.
  fileprivate var intervalNames: [String] {
    let ends = breaks.map { NumberText.shortest($0) }
    return (0..<ends.count - 1).map { index in
      let isFirst = index == 0
      let isLast = index == ends.count - 2
      let open = closed == .left || (includesLowest && isFirst) ? "[" : "("
      let close = closed == .right || (includesLowest && isLast) ? "]" : ")"
      return "\(open)\(ends[index]),\(ends[index + 1])\(close)"
    }
  }
}
