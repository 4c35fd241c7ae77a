import AccessModel

/// Members that are left alone, counted for each group.
struct MembershipReport {
  var preExisting: [EntitlementKey: Int] = [:]
  private var foreign: [EntitlementKey: (count: Int, first: [AccountKey])] = [:]

  mutating func add(foreign member: AccountKey, to group: EntitlementKey) {
    foreign[group, default: (0, [])].count += 1
    if foreign[group, default: (0, [])].first.count < 10 {
      foreign[group, default: (0, [])].first.append(member)
    }
  }

  var findings: [Finding] {
    preExisting.map { .preExistingMembers($0, count: $1) }
      + foreign.map { .foreignMembers($0, count: $1.count, first: $1.first.sorted()) }
  }
}
