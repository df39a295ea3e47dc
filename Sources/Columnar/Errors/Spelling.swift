/// Helps a message to say what was probably meant.
public enum Spelling {
  /// The candidate with the smallest edit distance, where it is close enough to be a slip. O(candidates · length²).
  public static func nearest(to name: String, in candidates: [String]) -> String? {
    let limit = max(1, name.count / 3)
    return candidates.map { ($0, distance(Array(name.lowercased()), Array($0.lowercased()))) }
      .filter { $0.1 <= limit }
      .min { $0.1 < $1.1 }?.0
  }

  /// At most `limit` names, and how many more there are.
  public static func list(_ names: [String], limit: Int = 12) -> String {
    let shown = names.prefix(limit).joined(separator: ", ")
    return names.count > limit ? "\(shown) and \(names.count - limit) more" : shown
  }

  /// How many characters are to be inserted, deleted, replaced or swapped with their neighbour.
  private static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var (beforeLast, last, row) = ([Int](), [Int](), Array(0...b.count))
    for (i, x) in a.enumerated() {
      (beforeLast, last) = (last, row)
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        row[j + 1] = min(last[j] + (x == y ? 0 : 1), last[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, x == b[j - 1], y == a[i - 1] { row[j + 1] = min(row[j + 1], beforeLast[j - 1] + 1) }
      }
    }
    return row[b.count]
  }
}
