import Columnar

/// The most units of one cycle of majorities that are ranked exactly: 2^n sets of them are gone through.
private let cycleLimit = 18

/// The order, best first, that maximises the sum of e over all pairs of a better and a worse unit.
///
/// Units fall into classes such that every unit of an earlier class beats every one of a later class; an optimal ranking
/// keeps to the order of these classes, so each is ranked by itself, exactly, by going through its subsets (Bellman).
/// Of equally good rankings the first in the order of the units is taken. O(2^n n²) for the n units of a class.
///
/// Source: Truchon (1998), extended Condorcet criterion; Held and Karp (1962).
///
/// - Parameters:
///   - e: the share of weight in which the first unit is ahead of the second.
///   - multiplicity: how many units each stands for.
/// - Throws: `badData` where a class is too large.
func kemenyRanking(_ e: [[Double]], _ multiplicity: [Double], name: String) throws(ImmerseError) -> [Int] {
  var ranking: [Int] = []
  for members in majorityClasses(e) {
    if members.count == 1 {
      ranking += members
      continue
    }
    guard members.count <= cycleLimit else {
      throw ImmerseError(
        .badData,
        "\(members.count) units beat each other in cycles, and a Kemeny ranking is computed for up to \(cycleLimit)",
        variable: name, remedy: "aggregate by copeland")
    }
    let gain = members.map { a in members.map { b in multiplicity[a] * multiplicity[b] * e[a][b] } }
    ranking += bestOrder(gain).map { members[$0] }
  }
  return ranking
}

/// The strongly connected classes of "beats or ties with", the class that beats all others first; members ascending.
private func majorityClasses(_ e: [[Double]]) -> [[Int]] {
  // The relation is complete, so classes are in one order, and a class is found by how many units its members reach.
  let count = e.count
  var reaches = e.map { row in row.map { $0 >= 0.5 - comparisonSlack } }
  for middle in 0..<count {
    for a in 0..<count where reaches[a][middle] {
      for b in 0..<count where reaches[middle][b] { reaches[a][b] = true }
    }
  }
  let reach = reaches.map { row in row.count { $0 } }
  return Set(reach).sorted(by: >).map { size in (0..<count).filter { reach[$0] == size } }
}

/// Best first, by the best order of every subset as the last units of the ranking.
private func bestOrder(_ gain: [[Double]]) -> [Int] {
  let n = gain.count
  // best[s]: the most that the units of s can gain among themselves; first[s]: who then leads them.
  var best = [Double](repeating: 0, count: 1 << n)
  var first = [Int8](repeating: 0, count: 1 << n)
  for set in 1..<1 << n {
    var most = -Double.infinity
    for leader in 0..<n where set >> leader & 1 == 1 {
      let rest = set & ~(1 << leader)
      var sum = best[rest]
      for other in 0..<n where rest >> other & 1 == 1 { sum += gain[leader][other] }
      if sum > most * (1 + 1e-12) || most == -.infinity {
        most = sum
        first[set] = Int8(leader)
      }
    }
    best[set] = most
  }
  var order: [Int] = []
  var left = 1 << n - 1
  while left != 0 {
    order.append(Int(first[left]))
    left &= ~(1 << Int(first[left]))
  }
  return order
}
