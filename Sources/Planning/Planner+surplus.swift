import AccessModel

/// Memberships that are there and should not be.
extension Planner {
  /// It is and should not be: removed if it is ours and its ending is proven, held where it is not,
  /// and otherwise left alone and told.
  mutating func planSurplus(
    _ membership: MembershipIndex, _ row: Int?, _ frame: Frame, _ report: inout MembershipReport
  ) {
    guard let row else { return planForeign(membership, frame, &report) }
    let key = input.scope.groups[membership.group]
    let subject = ownedSubject(row)
    guard input.owned.origins[row] != .preExisting else {
      if frame.groups[membership.group].exclusive {
        return removeFromExclusive(membership, key, subject)
      }
      report.add(preExisting: membership)
      keptSubjects.insert(subject)
      return
    }
    if frame.outlived.contains(membership), membership.account < input.actual.accounts.count {
      return hold(key, subject, whyReused(membership.account, subject))
    }
    if isReappearing(row, frame, membership.group) {
      return removeOutlived(membership, key, subject)
    }
    if let current = renamedHolder(row, membership, frame) {
      return removeFormerName(membership, key, row, current, frame)
    }
    switch input.book.verdict(on: input.owned.reasons[row]) {
    case .hold(let reason):
      hold(key, subject, reason, because: input.owned.reasons[row])
    case .remove(let ending):
      if isHeld(subject), !ending.cause.standsAlone {
        hold(key, subject, "the subject is held")
      } else if let reason = whyClosed(membership.group, forAdding: false) {
        hold(key, subject, reason)
      } else {
        remove(membership, key, subject, ending)
      }
    }
  }

  /// Of most members of most groups nothing but their number is wanted.
  private mutating func planForeign(
    _ membership: MembershipIndex, _ frame: Frame, _ report: inout MembershipReport
  ) {
    let group = membership.group
    if frame.groups[group].exclusive {
      return removeFromExclusive(
        membership, input.scope.groups[group], anchor(ofMember: membership.account))
    }
    if !takeover.isEmpty,
      takeOver(input.scope.groups[group], anchor(ofMember: membership.account))
    {
      return
    }
    leftAlone.append(membership)
    report.add(foreign: membership)
  }

  /// A value that outlived its account, which this very plan creates again under the same name.
  private func isReappearing(_ row: Int, _ frame: Frame, _ group: Int) -> Bool {
    guard let position = desiredPositions[ownedSubject(row)],
      links[position] == .pending
    else { return false }
    let pending = MembershipIndex(group: group, account: memberCount + position)
    return frame.isDesired(pending)
  }

  /// Where a target names accounts by ids that it never gives again, the value of one that is gone is
  /// not the new one's. It is told apart from the subject, whose membership goes on.
  private mutating func removeOutlived(
    _ membership: MembershipIndex, _ key: EntitlementKey, _ subject: SubjectID
  ) {
    guard membership.account >= input.actual.accounts.count,
      let account = correlator.ownedAccount(of: subject),
      account.identity.key.rawValue == account.identity.immutableID,
      whyClosed(membership.group, forAdding: false) == nil
    else { return }
    remove(membership, key, nil, .unmapped(live: []))
  }

  /// Why a value of ours that names somebody else by now is neither kept as ours nor removed: the
  /// entry that has the name may have been made a member on purpose since.
  private func whyReused(_ member: Int, _ subject: SubjectID) -> String {
    let account = input.actual.accounts[member]
    return "we added \(account.key) when it was another account; its immutable id is "
      + "\(account.identity.immutableID) now, so this membership is somebody else's. Take it out of "
      + "the group by hand; whoever has the name now can be added again after the next run"
  }

  /// Where the account of a membership is a member by its present name, or is to be, if the value at
  /// hand is the one it had before it was renamed.
  private func renamedHolder(
    _ row: Int, _ membership: MembershipIndex, _ frame: Frame
  ) -> MembershipIndex? {
    guard frame.outlived.contains(membership),
      let account = correlator.ownedAccount(of: ownedSubject(row)),
      let position = correlator.position(of: account)
    else { return nil }
    return MembershipIndex(group: membership.group, account: position)
  }

  /// The name is free, and whoever gets it next would inherit the membership. If the account is a
  /// member by its new name, or becomes one, that is where the ledger's row goes on.
  private mutating func removeFormerName(
    _ membership: MembershipIndex, _ key: EntitlementKey, _ row: Int, _ current: MembershipIndex,
    _ frame: Frame
  ) {
    let subject = ownedSubject(row)
    if let reason = whyClosed(membership.group, forAdding: false) {
      return hold(key, subject, reason)
    }
    if frame.isDesired(current) {
      return remove(membership, key, nil, .unmapped(live: []))
    }
    switch input.book.verdict(on: input.owned.reasons[row]) {
    case .hold(let reason):
      hold(key, subject, reason, because: input.owned.reasons[row])
    case .remove(let ending):
      let isAlsoNamedAnew = input.actual.memberships.contains(current)
      remove(membership, key, isAlsoNamedAnew ? nil : subject, ending)
    }
  }

  private mutating func removeFromExclusive(
    _ membership: MembershipIndex, _ key: EntitlementKey, _ subject: SubjectID?
  ) {
    if !input.book.isComplete {
      hold(key, subject, "the group is exclusive, but a source was not read completely")
    } else if case .partial(let reason) = input.actual.coverage {
      hold(key, subject, "the group is exclusive, but not all accounts could be read: \(reason)")
    } else if let subject, isHeld(subject) {
      hold(key, subject, "the subject is held")
    } else if disputed.contains(membership.account) {
      hold(key, subject, "the group is exclusive, but this may be the account of a held subject")
    } else if let reason = whyClosed(membership.group, forAdding: false) {
      hold(key, subject, reason)
    } else {
      remove(membership, key, subject, .unmapped(live: []))
    }
  }

  private mutating func hold(
    _ key: EntitlementKey, _ subject: SubjectID?, _ reason: String,
    because: [AssignmentReference] = []
  ) {
    holds.append(
      Hold(
        group: key, subject: subject, reason: reason,
        source: input.book.unreadSource(behind: because)))
    if let subject { keptSubjects.insert(subject) }
  }

  private mutating func remove(
    _ membership: MembershipIndex, _ key: EntitlementKey, _ subject: SubjectID?, _ ending: Ending
  ) {
    let account: AccountReference
    if membership.account < input.actual.accounts.count {
      account = reference(toAccountAt: membership.account, subject: subject)
    } else {
      let value = input.actual.key(ofMember: membership.account)
      account = AccountReference(
        subject: subject, displayName: nil,
        identity: AccountIdentity(key: value, immutableID: ""))
    }
    changes.append(
      .removeMember(
        Membership(
          group: key, groupID: immutableID(ofGroup: membership.group), account: account),
        because: ending))
  }

  private func anchor(ofMember position: Int) -> SubjectID? {
    position < input.actual.accounts.count ? input.actual.accounts[position].anchor : nil
  }
}
