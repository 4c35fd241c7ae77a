import AccessModel

/// The three sets of memberships laid over one frame: (group in scope, holder).
///
/// A holder is a member as it was read; or, behind all of those, a desired account that this plan
/// creates. Ledger rows whose account is nowhere to be seen have no holder.
struct Frame {
  /// Sorted by membership; `row` is its position in the state it came from.
  var desired: ContiguousArray<(membership: MembershipIndex, row: Int32)> = []
  var owned = MembershipSet.empty
  /// One for each of `owned.sorted`.
  var ownedRows: ContiguousArray<Int32> = []
  /// Ledger rows without a holder.
  var lost: [Int32] = []

  /// The ledger's row of a membership.
  func ownedRow(_ membership: MembershipIndex) -> Int? {
    owned.position(of: membership).map { Int(ownedRows[$0]) }
  }

  func isDesired(_ membership: MembershipIndex) -> Bool {
    let position = desired.firstPosition { $0.membership >= membership }
    return position < desired.count && desired[position].membership == membership
  }
}

extension Planner {
  /// How many holders were read; desired accounts to be created are counted on from here.
  var memberCount: Int { input.actual.accounts.count + input.actual.strangers.count }

  func makeFrame() -> Frame {
    var frame = Frame()
    let desiredGroups = input.desired.groups.map { scopePosition(of: $0.key) }
    frame.desired.reserveCapacity(input.desired.memberships.count)
    for (row, membership) in input.desired.memberships.sorted.enumerated() {
      guard let group = desiredGroups[membership.group],
        let holder = holder(ofDesired: membership.account)
      else { continue }
      frame.desired.append((MembershipIndex(group: group, account: holder), Int32(row)))
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

  private func locateOwned(_ frame: inout Frame) {
    let owned = input.owned
    let groups = owned.groupKeys.map { scopePosition(of: $0) }
    let holders = owned.subjects.map { holder(ofOwned: $0) }
    let dangling = danglingHolders(of: owned.subjects, holders)
    var located: ContiguousArray<(membership: MembershipIndex, row: Int32)> = []
    located.reserveCapacity(owned.memberships.count)
    for (row, membership) in owned.memberships.sorted.enumerated() {
      guard let group = groups[membership.group] else { continue }
      if let holder = holders[membership.account] ?? dangling[membership.account] {
        located.append((MembershipIndex(group: group, account: holder), Int32(row)))
      } else {
        frame.lost.append(Int32(row))
      }
    }
    located.sort { $0.membership < $1.membership }
    frame.owned = MembershipSet(ContiguousArray(located.map(\.membership)))
    frame.ownedRows = ContiguousArray(located.map(\.row))
  }

  private func holder(ofOwned subject: SubjectID) -> Int? {
    if let position = desiredPositions[subject], let holder = holder(ofDesired: position) {
      return holder
    }
    return ownedAccounts[subject].flatMap { correlator.position(of: $0) }
  }

  /// Values in groups that name an account of ours which is gone.
  private func danglingHolders(of subjects: [SubjectID], _ holders: [Int?]) -> [Int: Int] {
    let lost = subjects.indices.filter { holders[$0] == nil }
    guard !lost.isEmpty else { return [:] }
    let strangers = Dictionary(
      input.actual.strangers.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    var result: [Int: Int] = [:]
    for index in lost {
      guard let row = ownedAccounts[subjects[index]] else { continue }
      if let stranger = strangers[row.identity.key] {
        result[index] = input.actual.accounts.count + stranger
      }
    }
    return result
  }

  func scopePosition(of key: EntitlementKey) -> Int? {
    let position = input.scope.groups.firstPosition { $0 >= key }
    guard position < input.scope.groups.count, input.scope.groups[position] == key else {
      return nil
    }
    return position
  }
}
