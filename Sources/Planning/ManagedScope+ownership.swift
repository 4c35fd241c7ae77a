package import AccessModel

extension ManagedScope {
  /// Groups that mappings name together with those in which the ledger owns something, so that a group
  /// that left the mappings is cleared, or owned something, so that what comes back is seen.
  package init(desired: DesiredState, owned: Ownership, only: OneAccount? = nil) {
    self.init(
      groups: Array(
        Set(desired.groups.map(\.key)).union(owned.groupKeys)
          .union(owned.tombstones.memberships.lazy.map(\.group))),
      groupIDs: Dictionary(
        owned.groups.map { ($0.key, $0.immutableID) }, uniquingKeysWith: { first, _ in first }),
      attributes: desired.accountRule.map(\.attributes) ?? [],
      disable: desired.accountRule?.disable, only: only,
      presumedMembers: { group, changedAt in
        PresumedMembers(desired: desired, owned: owned).members(of: group, changedAt: changedAt)
      })
  }
}

/// Who is in a group as far as the ledger can tell.
private struct PresumedMembers {
  let desired: DesiredState
  let owned: Ownership

  /// What was only intended counts where nobody wants it any more: then it must be removed, whether
  /// or not it came about. Where it is still wanted it is added again.
  func members(of group: EntitlementKey, changedAt: Instant?) -> [AccountKey] {
    members(of: group) + ended(in: group, changedAt)
  }

  /// Those that an older copy of the group brings back.
  private func ended(in group: EntitlementKey, _ changedAt: Instant?) -> [AccountKey] {
    let all = owned.tombstones.memberships
    let first = all.partitioningIndex { $0.group >= group }
    return all[first...].prefix { $0.group == group }.filter { $0.isAfter(changedAt) }.compactMap {
      let (accounts, gone) = (owned.accounts, owned.tombstones.accounts)
      return accounts.position(of: $0.subject, by: \.subject).map { accounts[$0].identity.key }
        ?? gone.position(of: $0.subject, by: \.subject).map { gone[$0].identity.key }
    }
  }

  private func members(of group: EntitlementKey) -> [AccountKey] {
    guard let position = owned.groupKeys.position(of: group, by: \.self) else { return [] }
    let rows = owned.memberships.sorted
    let wanted = desired.groups.position(of: group, by: \.key)
    var row = rows.partitioningIndex { $0.group >= position }
    var members: [AccountKey] = []
    while row < rows.count, rows[row].group == position {
      let subject = owned.subjects[rows[row].account]
      let isPresumed = owned.origins[row] != .intended || !isDesired(subject, in: wanted)
      if isPresumed, let account = owned.accounts.position(of: subject, by: \.subject) {
        members.append(owned.accounts[account].identity.key)
      }
      row += 1
    }
    return members
  }

  private func isDesired(_ subject: SubjectID, in group: Int?) -> Bool {
    guard let group, let account = desired.accounts.position(of: subject, by: \.subject) else {
      return false
    }
    return desired.memberships.contains(MembershipIndex(group: group, account: account))
  }
}

extension RandomAccessCollection where Index == Int {
  /// The first position from which on a condition holds; the end if it never does.
  fileprivate func partitioningIndex(where holds: (Element) -> Bool) -> Int {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
