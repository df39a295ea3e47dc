import Columnar
import Streaming

/// What a condition may be for rows of which only the bounds of their values are known: at least what it is for any row.
struct Outcomes: OptionSet {
  let rawValue: UInt8

  static let isTrue = Outcomes(rawValue: 1)
  static let isFalse = Outcomes(rawValue: 2)
  static let isMissing = Outcomes(rawValue: 4)
  static let any: Outcomes = [isTrue, isFalse, isMissing]

  init(rawValue: UInt8) { self.rawValue = rawValue }

  init(mayBeTrue: Bool, mayBeFalse: Bool, mayBeMissing: Bool) {
    self = []
    if mayBeTrue { insert(.isTrue) }
    if mayBeFalse { insert(.isFalse) }
    if mayBeMissing { insert(.isMissing) }
  }

  static prefix func ! (a: Outcomes) -> Outcomes {
    Outcomes(
      mayBeTrue: a.contains(.isFalse), mayBeFalse: a.contains(.isTrue), mayBeMissing: a.contains(.isMissing))
  }

  /// Of two conditions of which nothing is known but what each may be.
  static func & (a: Outcomes, b: Outcomes) -> Outcomes {
    Outcomes(
      mayBeTrue: a.contains(.isTrue) && b.contains(.isTrue), mayBeFalse: !a.union(b).isDisjoint(with: .isFalse),
      mayBeMissing: a.contains(.isMissing) && b != .isFalse || b.contains(.isMissing) && a != .isFalse)
  }
}

extension Logical {
  /// What the condition may be. Comparisons of columns with constants are decided, conditions made of them put
  /// together; anything else may be anything.
  func outcomes(knowing bounds: KnownBounds) -> Outcomes {
    switch self {
    case .constant(let truth): truth ? .isTrue : .isFalse
    case .missing: .isMissing
    case .not(let condition): !condition.outcomes(knowing: bounds)
    case .all(let conditions): conditions.reduce(.isTrue) { $0 & $1.outcomes(knowing: bounds) }
    case .any(let conditions): conditions.reduce(.isFalse) { !(!$0 & !$1.outcomes(knowing: bounds)) }
    case .compare(let comparison, .column(let name), .constant(let value)):
      Self.test(bounds(name), of: name) { comparison.outcomes($0, value) }
    case .compare(let comparison, .constant(let value), .column(let name)):
      Self.test(bounds(name), of: name) { comparison.mirrored.outcomes($0, value) }
    case .between(.column(let name), .constant(let lower), .constant(let upper)):
      Self.test(bounds(name), of: name) {
        Comparison.greaterOrEqual.outcomes($0, lower) & Comparison.lessOrEqual.outcomes($0, upper)
      }
    case .isOne(.column(let name), let list):
      Self.test(bounds(name), of: name) { range in
        list.contains { range.contains($0) } ? [.isTrue, .isFalse] : .isFalse
      }
    case .test(.column(let name), let test): test.outcomes(bounds(name))
    case .isMissing(.column(let name)): Self.missing(bounds(name))
    default: .any
    }
  }

  private static func test(
    _ bounds: ValueBounds?, of name: String, _ outcomes: (ClosedRange<Double>) -> Outcomes
  ) -> Outcomes {
    guard let bounds else { return .any }
    let missing: Outcomes = bounds.mayBeMissing ? .isMissing : []
    switch bounds.values {
    case .none: return .isMissing
    case .numbers(let range): return outcomes(range).union(missing)
    case .texts: return .any
    }
  }

  private static func missing(_ bounds: ValueBounds?) -> Outcomes {
    guard let bounds else { return .any }
    if bounds.values == .none { return .isTrue }
    return bounds.mayBeMissing ? [.isTrue, .isFalse] : .isFalse
  }
}

extension Comparison {
  /// What it may be of a number in a range and another number.
  fileprivate func outcomes(_ range: ClosedRange<Double>, _ value: Double) -> Outcomes {
    if value.isNaN { return .isMissing }
    let (low, high) = (range.lowerBound, range.upperBound)
    return switch self {
    case .equal:
      Outcomes(
        mayBeTrue: range.contains(value), mayBeFalse: low != value || high != value, mayBeMissing: false)
    case .notEqual: !Comparison.equal.outcomes(range, value)
    case .less: Outcomes(mayBeTrue: low < value, mayBeFalse: high >= value, mayBeMissing: false)
    case .lessOrEqual: Outcomes(mayBeTrue: low <= value, mayBeFalse: high > value, mayBeMissing: false)
    case .greater: !Comparison.lessOrEqual.outcomes(range, value)
    case .greaterOrEqual: !Comparison.less.outcomes(range, value)
    }
  }
}

extension TextTest {
  /// What it may be of the texts of a column. Bounds that may be cut short decide only what lies outside of them.
  fileprivate func outcomes(_ bounds: ValueBounds?) -> Outcomes {
    guard let bounds else { return .any }
    if bounds.values == .none { return .isMissing }
    guard case .texts(let from, let to) = bounds.values else { return .any }
    func isBelow(_ text: String) -> Bool { text.utf8.lexicographicallyPrecedes(from) }
    func isAbove(_ text: String) -> Bool { to.lexicographicallyPrecedes(text.utf8) }
    // Letters with marks may be written in several ways that are equal, not all of them within the bounds.
    func mayOccur(_ text: String) -> Bool { !isBelow(text) && !isAbove(text) || text.utf8.contains { $0 >= 0x80 } }
    let mayBeTrue =
      switch self {
      case .compare(.equal, let text): mayOccur(text)
      case .compare(.less, let text), .compare(.lessOrEqual, let text): !isBelow(text)
      case .compare(.greater, let text), .compare(.greaterOrEqual, let text): !isAbove(text)
      case .compare(.notEqual, _): true
      case .between(let lower, let upper): !isAbove(lower) && !isBelow(upper)
      case .isOne(of: let texts): texts.contains(where: mayOccur)
      }
    return Outcomes(mayBeTrue: mayBeTrue, mayBeFalse: true, mayBeMissing: bounds.mayBeMissing)
  }
}
