import Columnar

extension Framework {
  /// Everything wrong with the framework, in the order of the framework. O(nodes · parents).
  public func findings() -> [Finding] {
    let members = members
    var findings: [Finding] = []
    if indicators.isEmpty { findings.append(Finding(.noIndicators, "", "the framework lists no indicator")) }
    findings += duplicates(in: members)
    for member in members { findings += faults(of: member) }
    for indicator in indicators { findings += faultyGoalposts(of: indicator) }
    let children = childrenByParent
    for aggregate in aggregates { findings += faults(of: aggregate, children: children[aggregate.code] ?? []) }
    let (levels, cyclic) = levels(children)
    for code in cyclic {
      findings.append(Finding(.cycle, code, "\"\(code)\" is, through its parents, part of itself"))
    }
    return findings + mixedRoles(children, levels)
  }

  /// What indicators and aggregates have in common.
  struct Member {
    var code: String
    var name: String?
    var parents: [String]
    var weight: Double
    var isIndicator: Bool
  }

  var members: [Member] {
    indicators.map {
      Member(code: $0.code, name: $0.name, parents: $0.parents, weight: $0.weight, isIndicator: true)
    }
      + aggregates.map {
        Member(code: $0.code, name: $0.name, parents: $0.parents, weight: $0.weight, isIndicator: false)
      }
  }

  var childrenByParent: [String: [Member]] {
    var children: [String: [Member]] = [:]
    for member in members {
      for parent in member.parents { children[parent, default: []].append(member) }
    }
    return children
  }

  private func duplicates(in members: [Member]) -> [Finding] {
    var count: [String: Int] = [:]
    return members.compactMap { member in
      count[member.code, default: 0] += 1
      guard count[member.code] == 2 else { return nil }
      return Finding(.duplicateCode, member.code, "the code \"\(member.code)\" stands more than once")
    }
  }

  private func faults(of member: Member) -> [Finding] {
    var findings: [Finding] = []
    if !(member.weight >= 0 && member.weight.isFinite) {
      findings.append(
        Finding(.invalidWeight, member.code, "the weight of \"\(member.code)\" is not a number of zero or more"))
    }
    if member.isIndicator && member.parents.isEmpty && !aggregates.isEmpty {
      findings.append(Finding(.orphan, member.code, "the indicator \"\(member.code)\" has no parent"))
    }
    if Set(member.parents).count < member.parents.count {
      findings.append(Finding(.repeatedParent, member.code, "\"\(member.code)\" names the same parent twice"))
    }
    let known = aggregates.map(\.code)
    for parent in member.parents where !known.contains(parent) {
      let reason =
        indicators.contains { $0.code == parent }
        ? "which is an indicator" : Spelling.nearest(to: parent, in: known).map { "did you mean \"\($0)\"?" }
      findings.append(
        Finding(
          .unknownParent, member.code,
          "the parent \"\(parent)\" of \"\(member.code)\" is no aggregate" + (reason.map { ": \($0)" } ?? "")))
    }
    return findings
  }

  private func faultyGoalposts(of indicator: Indicator) -> [Finding] {
    guard let posts = indicator.goalposts else { return [] }
    let isOrdered = posts.lower < posts.upper && posts.lower.isFinite && posts.upper.isFinite
    if isOrdered && !(indicator.isLogarithmic && posts.lower <= 0) { return [] }
    return [
      Finding(
        .invalidGoalposts, indicator.code,
        "the goalposts of \"\(indicator.code)\" are not a lower and a greater upper value"
          + (indicator.isLogarithmic ? " above zero" : ""))
    ]
  }

  private func faults(of aggregate: Aggregate, children: [Member]) -> [Finding] {
    if children.isEmpty {
      return [Finding(.emptyAggregate, aggregate.code, "nothing is averaged into \"\(aggregate.code)\"")]
    }
    if children.allSatisfy({ $0.weight == 0 }) {
      return [Finding(.zeroWeights, aggregate.code, "all weights in \"\(aggregate.code)\" are zero")]
    }
    return []
  }

  /// The level of every member that has one, 1 for an indicator and one more than the highest child for an aggregate;
  /// and the aggregates that lie on a cycle.
  func levels(_ children: [String: [Member]]) -> (levels: [String: Int], cyclic: [String]) {
    var levels = Dictionary(indicators.map { ($0.code, 1) }) { first, _ in first }
    var waiting = aggregates
    while true {
      let ready = waiting.filter { (children[$0.code] ?? []).allSatisfy { levels[$0.code] != nil } }
      if ready.isEmpty { break }
      for aggregate in ready {
        levels[aggregate.code] = 1 + ((children[aggregate.code] ?? []).compactMap { levels[$0.code] }.max() ?? 0)
      }
      waiting.removeAll { levels[$0.code] != nil }
    }
    // Those still waiting are on a cycle or above one; whatever has no waiting parent is only above.
    while true {
      let codes = Set(waiting.map(\.code))
      let kept = waiting.filter { !codes.isDisjoint(with: $0.parents) }
      if kept.count == waiting.count { break }
      waiting = kept
    }
    return (levels, waiting.map(\.code))
  }

  /// Aggregates whose children differ in role without the framework declaring it.
  private func mixedRoles(_ children: [String: [Member]], _ levels: [String: Int]) -> [Finding] {
    var roles = Dictionary(indicators.map { ($0.code, Set([$0.role])) }) { first, _ in first }
    let ordered = aggregates.filter { levels[$0.code] != nil }
      .sorted { (levels[$0.code] ?? 0) < (levels[$1.code] ?? 0) }
    for aggregate in ordered {
      roles[aggregate.code] = (children[aggregate.code] ?? []).reduce(into: []) { $0.formUnion(roles[$1.code] ?? []) }
    }
    return aggregates.compactMap { aggregate in
      guard let found = roles[aggregate.code], found.count > 1, !aggregate.mixesRoles else { return nil }
      let names = found.map { $0?.rawValue ?? "no role" }.sorted().joined(separator: " and ")
      return Finding(
        .mixedRoles, aggregate.code,
        "\"\(aggregate.code)\" would average \(names); set mixes_roles: true where that is meant")
    }
  }
}
