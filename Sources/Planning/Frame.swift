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

  /// A value that outlived its account is where the row is, even while the account is created again:
  /// whoever gets the name next would inherit it.
  private func locateOwned(_ frame: inout Frame) {
    let owned = input.owned
    let groups = owned.groupKeys.map { scopePosition(of: $0) }
    let present = owned.subjects.map { subject in
      correlator.ownedAccount(of: subject).flatMap { correlator.position(of: $0) }
    }
    let dangling = danglingHolders(of: owned.subjects, present)
    frame.dangling = Set(dangling.keys.map { owned.subjects[$0] })
    let desired = owned.subjects.map { subject in
      desiredPositions[subject].flatMap { holder(ofDesired: $0) }
    }
    frame.owned.reserveCapacity(owned.memberships.count)
    for (row, membership) in owned.memberships.sorted.enumerated() {
      guard let group = groups[membership.group] else { continue }
      var holder = desired[membership.account] ?? present[membership.account]
      if let value = dangling[membership.account] {
        let index = MembershipIndex(group: group, account: value)
        if holder == nil || input.actual.memberships.contains(index) { holder = value }
      }
      guard let holder else {
        frame.lost.append(Int32(row))
        continue
      }
      frame.owned.append(
        Frame.Row(
          membership: MembershipIndex(group: group, account: holder), row: Int32(row)))
    }
    frame.owned.sort { $0.membership < $1.membership }
  }

  /// Values in groups that name an account of ours which is gone.
  private func danglingHolders(of subjects: [SubjectID], _ holders: [Int?]) -> [Int: Int] {
    let lost = subjects.indices.filter { holders[$0] == nil }
    guard !lost.isEmpty else { return [:] }
    let strangers = Dictionary(
      input.actual.strangers.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    var result: [Int: Int] = [:]
    for index in lost {
      guard let row = correlator.ownedAccount(of: subjects[index]) else { continue }
      if let stranger = strangers[row.identity.key] {
        result[index] = input.actual.accounts.count + stranger
      }
    }
    return result
  }

  func scopePosition(of key: EntitlementKey) -> Int? {
    input.scope.groups.position(of: key, by: \.self)
  }
}
