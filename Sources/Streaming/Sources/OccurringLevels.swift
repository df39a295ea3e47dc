import Columnar

/// The levels of one column that rows have, gathered over batches whose lists of levels may differ.
struct OccurringLevels {
  private var names: Set<String> = []
  /// The levels of all declared lists, in their order.
  private var declared: [String] = []
  private var isDeclared: Set<String> = []
  /// The list of the latest batch and which of its levels have been seen: batches that share one list cost no
  /// comparison of strings.
  private var list = Levels([])
  private var isSeen: [Bool] = []
  /// Rows without a level.
  private(set) var missing = 0

  mutating func absorb(_ categories: Categories) {
    if categories.levels !== list {
      list = categories.levels
      isSeen = Array(repeating: false, count: list.count)
      if list.isDeclared { declare(list.names) }
    }
    categories.codes.withUnsafeBufferPointer { codes in
      for code in codes {
        if code < 0 {
          missing += 1
        } else if !isSeen[Int(code)] {
          isSeen[Int(code)] = true
          names.insert(list[Int(code)])
        }
      }
    }
  }

  mutating func merge(_ other: OccurringLevels) {
    names.formUnion(other.names)
    missing += other.missing
    declare(other.declared)
  }

  func write(to blob: inout BlobWriter) {
    blob.write(names.sorted())
    blob.write(declared)
    blob.write(missing)
  }

  mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
    names = Set(try blob.strings())
    declare(try blob.strings())
    missing = try blob.integer()
  }

  private mutating func declare(_ names: [String]) {
    for name in names where isDeclared.insert(name).inserted { declared.append(name) }
  }

  /// In declared order where every level has one, else sorted.
  var levels: Levels {
    names.isSubset(of: isDeclared)
      ? Levels(declared.filter(names.contains), isDeclared: true) : Levels(sorting: names)
  }
}
