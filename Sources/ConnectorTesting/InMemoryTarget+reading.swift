package import AccessModel

extension InMemoryTarget {
  package func readActualState(
    _ scope: ManagedScope
  ) async throws(TargetError) -> ActualState {
    readings += 1
    var budget = Int.max
    switch faults.reading {
    case .throwing(let disposition):
      throw TargetError(
        target: id, disposition: disposition, message: "reading failed: the connection was lost")
    case .partial(let entries): budget = entries
    case nil: break
    }
    if faults.cutAtWrite == 0 {
      throw TargetError(
        target: id, disposition: .retryLater, message: "reading failed: the connection is lost")
    }
    return state(scope, budget: budget)
  }

  /// `budget` entries at most; what is left out is said in the coverages.
  private func state(_ scope: ManagedScope, budget: Int) -> ActualState {
    let cutShort = Coverage.partial(reason: "the connection was lost after \(budget) entries")
    let keys = directory.accounts.keys.sorted()
    let accounts = keys.prefix(budget).compactMap { account($0, scope) }
    var left = budget - accounts.count
    var positions = Dictionary(
      uniqueKeysWithValues: accounts.enumerated().map { ($1.key, $0) })
    var groups: [ActualGroup] = []
    var strangers: [AccountKey] = []
    var memberships: ContiguousArray<MembershipIndex> = []
    for (position, name) in scope.groups.enumerated() {
      guard left > 0 else {
        groups.append(.unreadable(reason: "the connection was lost after \(budget) entries"))
        continue
      }
      left -= 1
      guard let group = directory.groups[name] else {
        groups.append(.missing)
        continue
      }
      groups.append(.present(immutableID: group.immutableID, coverage: .complete))
      for member in group.members.sorted() {
        let known = positions[member] ?? accounts.count + strangers.count
        if positions.updateValue(known, forKey: member) == nil { strangers.append(member) }
        memberships.append(MembershipIndex(group: position, account: known))
      }
    }
    return ActualState(
      target: id, coverage: accounts.count < keys.count ? cutShort : .complete,
      accounts: accounts, groups: groups,
      changedAt: directory.groups.mapValues(\.changedAt), strangers: strangers,
      memberships: MembershipSet(memberships))
  }

  private func account(_ key: AccountKey, _ scope: ManagedScope) -> ActualAccount? {
    guard let account = directory.accounts[key] else { return nil }
    return ActualAccount(
      identity: AccountIdentity(key: key, immutableID: account.immutableID),
      anchor: account.anchor, naturalKey: account.attributes["uid"]?.first,
      attributes: Attributes(account.attributes.filter { scope.attributes.contains($0.key) }),
      isEnabled: !isDisabled(account, key, by: scope.disable))
  }

  private func isDisabled(
    _ account: InMemoryDirectory.Account, _ key: AccountKey, by rule: DisableRule?
  ) -> Bool {
    switch rule {
    case .set(let values):
      values.allSatisfy { account.attributes[$0.key, default: []] == $0.value }
    case .moveTo(let base): key.rawValue.hasSuffix(",\(base)")
    case .deactivate, nil: !account.isActive
    }
  }
}
