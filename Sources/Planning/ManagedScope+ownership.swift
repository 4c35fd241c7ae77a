package import AccessModel

extension ManagedScope {
  /// Groups that mappings name together with those in which the ledger still owns something, so that
  /// a group that left the mappings is cleared.
  package init(desired: DesiredState, owned: Ownership) {
    self.init(
      groups: Array(Set(desired.groups.map(\.key)).union(owned.groupKeys)),
      groupIDs: Dictionary(
        owned.groups.map { ($0.key, $0.immutableID) }, uniquingKeysWith: { first, _ in first }),
      attributes: desired.accountRule.map(\.attributes) ?? [],
      disable: desired.accountRule?.disable,
      presumedMembers: { group in
        PresumedMembers(desired: desired, owned: owned).members(of: group)
      })
  }
}

/// Who is in a group as far as the ledger can tell.
private struct PresumedMembers {
  let desired: DesiredState
  let owned: Ownership

  /// What was only intended counts where nobody wants it any more: then it must be removed, whether
  /// or not it came about. Where it is still wanted it is added again.
  func members(of group: EntitlementKey) -> [AccountKey] {
    guard let position = owned.groupKeys.position(of: group, by: \.self) else { return [] }
    let rows = owned.memberships.sorted
    let wanted = desired.groups.position(of: group, by: \.key)
    var row = rows.firstPosition { $0.group >= position }
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

extension ContiguousArray where Index == Int {
  /// The first position from which on a condition holds; the count if it never does.
  fileprivate func firstPosition(where holds: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
