import AccessModel

/// The three sets of memberships laid over one frame: (group in scope, holder).
///
/// A holder is a member as it was read; or, behind all of those, a desired account that this plan
/// creates. Ledger rows whose account is nowhere to be seen have no holder.
struct Frame {
  /// A membership with the row of the table it came from: of `DesiredState` or of `Ownership`.
  struct Row {
    let membership: MembershipIndex
    let row: Int32
  }

  /// Both sorted by membership.
  var desired: ContiguousArray<Row> = []
  var owned: ContiguousArray<Row> = []
  /// Ledger rows without a holder.
  var lost: [Int32] = []
  /// Subjects whose accounts are gone while groups still list them.
  var dangling: Set<SubjectID> = []
  /// Memberships of ours by a name that the account had and has no more.
  var outlived: Set<MembershipIndex> = []
  /// Subjects whose accounts were renamed while groups still list the former name.
  var renamed: Set<SubjectID> = []
  /// What the mapping says of each group of the scope, in the scope's order.
  var groups: [DesiredGroup] = []

  func isDesired(_ membership: MembershipIndex) -> Bool {
    desired.position(of: membership, by: \.membership) != nil
  }
}

extension Planner {
  /// How many holders were read; desired accounts to be created are counted on from here.
  var memberCount: Int { input.actual.accounts.count + input.actual.strangers.count }

  func makeFrame() -> Frame {
    var frame = Frame()
    frame.groups = input.scope.groups.map { DesiredGroup(key: $0) }
    let desiredGroups = input.desired.groups.map { scopePosition(of: $0.key) }
    for (position, group) in zip(desiredGroups, input.desired.groups) {
      if let position { frame.groups[position] = group }
    }
    frame.desired.reserveCapacity(input.desired.memberships.count)
    for (row, membership) in input.desired.memberships.sorted.enumerated() {
      guard let group = desiredGroups[membership.group],
        let holder = holder(ofDesired: membership.account)
      else { continue }
      frame.desired.append(
        Frame.Row(
          membership: MembershipIndex(group: group, account: holder), row: Int32(row)))
    }
    frame.desired.sort { $0.membership < $1.membership }
    locateOwned(&frame)
    return frame
  }

  private func holder(ofDesired position: Int) -> Int? {
    switch links[position] {
    case .account(let holder): holder
    case .pending: memberCount + position
    case .held: nil
    }
  }

  /// A value that outlived its account, or the account's name, is where the row is, even while the
  /// account is created again: whoever gets the name next would inherit it.
  private func locateOwned(_ frame: inout Frame) {
    let owned = input.owned
    let groups = owned.groupKeys.map { scopePosition(of: $0) }
    let present = owned.subjects.map { subject in
      correlator.ownedAccount(of: subject).flatMap { correlator.position(of: $0) }
    }
    let outlived = outlivedHolders(of: owned.subjects, present)
    frame.dangling = Set(
      outlived.keys.filter { present[$0] == nil }.map { owned.subjects[$0] })
    let desired = owned.subjects.map { subject in
      desiredPositions[subject].flatMap { holder(ofDesired: $0) }
    }
    frame.owned.reserveCapacity(owned.memberships.count)
    for (row, membership) in owned.memberships.sorted.enumerated() {
      guard let group = groups[membership.group] else { continue }
      let holder = desired[membership.account] ?? present[membership.account]
      let current = holder.map { MembershipIndex(group: group, account: $0) }
      let former = outlived[membership.account].map { MembershipIndex(group: group, account: $0) }
      var locations: [MembershipIndex] = []
      if let former, input.actual.memberships.contains(former) {
        frame.outlived.insert(former)
        if present[membership.account] != nil {
          frame.renamed.insert(owned.subjects[membership.account])
        }
        locations.append(former)
        // Renamed, and a member by both names, or about to be.
        if let current, present[membership.account] != nil,
          frame.isDesired(current) || input.actual.memberships.contains(current)
        {
          locations.append(current)
        }
      } else if let only = current ?? former {
        locations.append(only)
      }
      if locations.isEmpty { frame.lost.append(Int32(row)) }
      for location in locations {
        frame.owned.append(Frame.Row(membership: location, row: Int32(row)))
      }
    }
    frame.owned.sort { $0.membership < $1.membership }
  }

  /// Who bears the names by which groups may still list accounts of ours that are gone or renamed:
  /// nobody, or an entry that was given the name since and is no other subject's.
  private func outlivedHolders(of subjects: [SubjectID], _ holders: [Int?]) -> [Int: Int] {
    let outdated = subjects.indices.compactMap { index -> (Int, Ownership.Account)? in
      guard let account = correlator.ownedAccount(of: subjects[index]) else { return nil }
      guard let holder = holders[index] else { return (index, account) }
      let isRenamed =
        account.origin != .intended && input.actual.accounts[holder].key != account.identity.key
      return isRenamed ? (index, account) : nil
    }
    guard !outdated.isEmpty else { return [:] }
    let strangers = Dictionary(
      input.actual.strangers.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let claimed = Set(holders.compactMap(\.self)).union(
      input.desired.accounts.indices.compactMap { holder(ofDesired: $0) })
    var result: [Int: Int] = [:]
    for (index, account) in outdated {
      let key = account.identity.key
      if let stranger = strangers[input.actual.strangersByAccount[key] ?? key] {
        result[index] = input.actual.accounts.count + stranger
      } else if account.origin != .intended,
        let other = input.actual.accounts.position(of: key, by: \.key), !claimed.contains(other)
      {
        result[index] = other
      }
    }
    return result
  }

  func scopePosition(of key: EntitlementKey) -> Int? {
    input.scope.groups.position(of: key, by: \.self)
  }
}
