import AccessModel

/// What a target holds besides what is planned, group by group.
struct MembershipReport {
  private static let mostNamed = 10

  private var preExisting: [Int]
  private var foreign: [(count: Int, first: [Int])]

  /// `groups` is how many the scope has.
  init(groups: Int) {
    preExisting = Array(repeating: 0, count: groups)
    foreign = Array(repeating: (0, []), count: groups)
  }

  mutating func add(preExisting membership: MembershipIndex) { preExisting[membership.group] += 1 }

  mutating func add(foreign membership: MembershipIndex) {
    foreign[membership.group].count += 1
    if foreign[membership.group].count <= Self.mostNamed {
      foreign[membership.group].first.append(membership.account)
    }
  }

  /// Strangers are told of in the groups of `managed` alone.
  func findings(_ input: PlanInput, managed: Set<EntitlementKey>) -> [Finding] {
    var findings: [Finding] = []
    for (position, key) in input.scope.groups.enumerated() {
      if preExisting[position] > 0 {
        findings.append(.preExistingMembers(key, count: preExisting[position]))
      }
      let (count, first) = foreign[position]
      if count > 0, managed.contains(key) {
        let names = first.map { input.actual.key(ofMember: $0) }
        findings.append(.foreignMembers(key, count: count, first: names.sorted()))
      }
    }
    return findings
  }
}
