import Columnar
import Streaming

/// The names of units, kept as the columns they came in and made into text as they are read: most of a million names
/// are never looked at.
public struct UnitNames: Sendable {
  private let parts: [Column]
  /// Where each part begins, and the end.
  private let starts: [Int]

  init(_ parts: [Column]) {
    self.parts = parts
    starts = parts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
  }

  public init(_ names: [String]) {
    self.init([Column(names.map { Optional($0) })])
  }

  /// The units at these positions, in this order.
  func select(_ rows: [Int]) -> UnitNames {
    if parts.count == 1 { return UnitNames([parts[0].gathering(Buffer(rows.map { Int32($0) }))]) }
    return UnitNames(rows.map { self[$0] })
  }
}

extension UnitNames: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { starts[starts.count - 1] }

  /// O(log parts). Empty where the unit has no name.
  public subscript(position: Int) -> String { text(position) ?? "" }

  private func text(_ position: Int) -> String? {
    var (low, high) = (0, parts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= position { low = middle } else { high = middle }
    }
    return parts[low].text(at: position - starts[low])
  }
}

extension UnitNames: Equatable, ExpressibleByArrayLiteral {
  public static func == (a: UnitNames, b: UnitNames) -> Bool { a.elementsEqual(b) }

  public init(arrayLiteral names: String...) { self.init(names) }
}

extension UnitNames {
  /// What is wrong with names that are to tell rows apart.
  enum Fault {
    case missing(row: Int)
    case repeated(row: Int, first: Int)
  }

  /// The first row whose name is missing, or stood before in the same period. O(rows), without making texts.
  func fault(within periods: Categories?) -> Fault? {
    let isNumeric = parts.allSatisfy { $0.type == .float64 }
    if periods == nil && isNumeric && ascends { return nil }
    var keys: [UInt64] = []
    keys.reserveCapacity(count)
    for part in parts {
      let own = isNumeric ? part.numberKeys : part.textKeys
      if let row = own.firstIndex(of: nil) { return .missing(row: keys.count + row) }
      for case let key? in own { keys.append(key) }
    }
    var names = KeyIndex()
    var pairs = KeyIndex()
    for row in keys.indices {
      let name = names.insert(keys[row])
      let first = periods.map { pairs.insert(KeyIndex.pair(name, Int($0.codes[row]))) } ?? name
      if first == row { continue }
      // Two texts of one key, if that should ever happen, are told apart letter by letter.
      return self[first] == self[row] ? .repeated(row: row, first: first) : slowFault(within: periods)
    }
    return nil
  }

  /// Whether numbers stand in strict order, as those of a register do, so that none is missing or there twice.
  private var ascends: Bool {
    var last = -Double.infinity
    for part in parts {
      guard let numbers = part.numbers else { return false }
      let isOrdered = numbers.withUnsafeBufferPointer { numbers in
        for number in numbers {
          guard number > last else { return false }
          last = number
        }
        return true
      }
      if !isOrdered { return false }
    }
    return true
  }

  private func slowFault(within periods: Categories?) -> Fault? {
    var firstRow: [String: Int] = [:]
    for row in indices {
      let key = periods.map { "\($0.codes[row]) \(self[row])" } ?? self[row]
      if let first = firstRow.updateValue(row, forKey: key) { return .repeated(row: row, first: first) }
    }
    return nil
  }
}

extension Column {
  /// A key for each row, equal where and only where the numbers are; nil where there is none.
  fileprivate var numberKeys: [UInt64?] {
    numbers.map { numbers in numbers.array.map { $0.isNaN ? nil : ($0 + 0).bitPattern } } ?? []
  }

  /// A key for each row, equal where the texts are and almost never elsewhere; nil where there is none.
  fileprivate var textKeys: [UInt64?] {
    switch values {
    case .text(let text):
      text.bytes.withUnsafeBufferPointer { bytes in
        (0..<count).map { row in
          let range = Int(text.offsets[row])..<Int(text.offsets[row + 1])
          return isAbsent(row) || range.isEmpty ? nil : hash(UnsafeBufferPointer(rebasing: bytes[range]))
        }
      }
    case .category(let codes, let levels):
      {
        let keys = levels.names.map { name in name.isEmpty ? nil : hash(name.utf8) }
        return (0..<count).map { isAbsent($0) || codes[$0] < 0 ? nil : keys[Int(codes[$0])] }
      }()
    default:
      (0..<count).map { row in text(at: row).map { hash($0.utf8) } }
    }
  }

  private func isAbsent(_ row: Int) -> Bool { validity.map { !$0[row] } ?? false }
}

/// Fowler, Noll and Vo's hash of bytes, 1a: the same in every process.
private func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
  return hash
}
