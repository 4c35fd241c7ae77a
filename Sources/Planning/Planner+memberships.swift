import AccessModel

extension Planner {
  /// One merge over what should be, what is and what is ours: each membership that is in any of the
  /// three is met once, and falls into one row of the table of `plan`. Below, `row` is the ledger's
  /// row of the membership, if it has one.
  mutating func planMemberships() {
    let frame = makeFrame()
    danglingSubjects = frame.dangling
    keepFormerNames(of: frame.renamed)
    var report = MembershipReport()
    let present = input.actual.memberships.sorted
    var (nextDesired, nextPresent, nextOwned) = (0, 0, 0)
    while true {
      let desired = nextDesired < frame.desired.count ? frame.desired[nextDesired] : nil
      let actual = nextPresent < present.count ? present[nextPresent] : nil
      let owned = nextOwned < frame.owned.count ? frame.owned[nextOwned] : nil
      guard let membership = least(least(desired?.membership, actual), owned?.membership) else {
        break
      }

      let isDesired = desired?.membership == membership
      let isPresent = actual == membership
      let row = owned?.membership == membership ? owned.map { Int($0.row) } : nil
      switch (isDesired ? desired : nil, isPresent) {
      case (let desired?, true) where isHalf(membership, row): add(desired, row)
      case (let desired?, true): confirm(desired, row, frame)
      case (let desired?, false): add(desired, row)
      case (nil, true): planSurplus(membership, row, frame, &report)
      case (nil, false):
        if let row { settleUnseen(row: row, group: membership.group) }
      }
      if isDesired { nextDesired += 1 }
      if isPresent { nextPresent += 1 }
      while nextOwned < frame.owned.count, frame.owned[nextOwned].membership == membership {
        nextOwned += 1
      }
    }
    for row in frame.lost { settleLost(row: Int(row)) }
    noteGroups()
    findings += report.findings
  }

  /// While a group lists the name that an account had, the ledger does not learn its new one: nothing
  /// else would say that the value is ours, should its removal be held or fail.
  private mutating func keepFormerNames(of subjects: Set<SubjectID>) {
    guard !subjects.isEmpty else { return }
    notes = notes.compactMap { note in
      guard case .account(let subject, _, let origin, let because) = note,
        subjects.contains(subject), let row = correlator.ownedAccount(of: subject)
      else { return note }
      return origin == row.origin && because == row.because
        ? nil : .account(subject, row.identity, origin: origin, because: because)
    }
  }

  private func least(_ left: MembershipIndex?, _ right: MembershipIndex?) -> MembershipIndex? {
    guard let left, let right else { return left ?? right }
    return min(left, right)
  }

  /// Whether a membership of ours holds only in part: what is missing is added.
  private func isHalf(_ membership: MembershipIndex, _ row: Int?) -> Bool {
    guard let row, input.owned.origins[row] != .preExisting else { return false }
    return input.actual.incomplete.contains(membership)
  }

  /// It should be and is: nothing is written, but the ledger learns whose it is and why.
  private mutating func confirm(_ desired: Frame.Row, _ row: Int?, _ frame: Frame) {
    let group = frame.groups[desired.membership.group]
    let mayAdopt = input.adopt || group.adopt || group.exclusive
    guard let row else { return note(desired, mayAdopt ? .adopted : .preExisting) }
    switch input.owned.origins[row] {
    case .intended: note(desired, .created, row)
    case .preExisting where mayAdopt: note(desired, .adopted, row)
    case let origin:
      if !input.desired.reasons.hasSameRow(Int(desired.row), as: input.owned.reasons, row),
        because(desired, row) != input.owned.reasons[row]
      {
        note(desired, origin, row)
      }
    }
  }

  private mutating func note(
    _ desired: Frame.Row, _ origin: Ownership.Origin, _ row: Int? = nil
  ) {
    notes.append(
      .membership(
        input.scope.groups[desired.membership.group], desiredSubject(desired.row),
        origin: origin, because: because(desired, row)))
  }

  private func because(_ desired: Frame.Row, _ row: Int?) -> [AssignmentReference] {
    input.book.justification(
      input.desired.reasons[Int(desired.row)], before: row.map { input.owned.reasons[$0] } ?? [])
  }

  /// It should be and is not: added, and drift if the ledger says that it was there.
  private mutating func add(_ desired: Frame.Row, _ row: Int?) {
    let key = input.scope.groups[desired.membership.group]
    let account = input.desired.accounts[
      input.desired.memberships.sorted[Int(desired.row)].account]
    if let reason = whyClosed(desired.membership.group, forAdding: true) {
      holds.append(Hold(group: key, reason: reason))
      return
    }
    var isDrift = false
    if let row {
      isDrift = [.created, .adopted].contains(input.owned.origins[row])
      if isDrift {
        findings.append(
          .drift("the membership was removed", group: key, subject: account.subject))
      }
    }
    let reason = Reason(assignments: because(desired, row), repairsDrift: isDrift)
    let groupID = immutableID(ofGroup: desired.membership.group)
    if groupID == nil, changes.last?.group != key {
      changes.append(.createGroup(key, because: Reason(assignments: reason.assignments)))
    }
    var identity: AccountIdentity?
    if desired.membership.account < input.actual.accounts.count {
      identity = input.actual.accounts[desired.membership.account].identity
    }
    changes.append(
      .addMember(
        Membership(
          group: key, groupID: groupID,
          account: AccountReference(
            subject: account.subject, displayName: account.displayName, identity: identity)),
        because: reason))
  }

  /// Why a group must not be written now, if so.
  private func whyClosed(_ group: Int, forAdding: Bool) -> String? {
    switch input.actual.groups[group] {
    case .missing:
      return input.traits.createsMissingGroups
        ? nil : "there is no such group; create it, or take it out of the mapping"
    case .unreadable(let reason): return "it could not be read: \(reason)"
    case .present(let id, let coverage):
      if let known = knownGroup(at: group), isRecreated(group) {
        return
          "it was recreated: its immutable id is \(id), ours was \(known.immutableID); if that "
          + "is right, take it over with 'bellhop adopt \(input.desired.target)'"
      }
      if forAdding, case .partial(let reason) = coverage {
        return "its members could not all be read: \(reason)"
      }
      return nil
    }
  }

  func isRecreated(_ group: Int) -> Bool {
    guard !input.takesOver, let id = immutableID(ofGroup: group) else { return false }
    return knownGroup(at: group).map { $0.immutableID != id } ?? false
  }

  func immutableID(ofGroup position: Int) -> String? {
    guard case .present(let id, _) = input.actual.groups[position] else { return nil }
    return id
  }

  func knownGroup(at position: Int) -> Ownership.Group? {
    input.owned.groups.position(of: input.scope.groups[position], by: \.key)
      .map { input.owned.groups[$0] }
  }

  /// It is and should not be: removed if it is ours and its ending is proven, held where it is not,
  /// and otherwise left alone and told.
  private mutating func planSurplus(
    _ membership: MembershipIndex, _ row: Int?, _ frame: Frame, _ report: inout MembershipReport
  ) {
    let key = input.scope.groups[membership.group]
    let origin = row.map { input.owned.origins[$0] }
    let subject = row.map { ownedSubject($0) } ?? anchor(ofMember: membership.account)

    guard let row, let origin, origin != .preExisting else {
      if frame.groups[membership.group].exclusive {
        removeFromExclusive(membership, key, subject)
      } else if origin == .preExisting {
        report.preExisting[key, default: 0] += 1
        if let subject { keptSubjects.insert(subject) }
      } else if !takeOver(key, subject) {
        leftAlone.append(membership)
        guard managedGroups.contains(key) else { return }
        report.add(foreign: input.actual.key(ofMember: membership.account), to: key)
      }
      return
    }
    if frame.outlived.contains(membership), membership.account < input.actual.accounts.count {
      return hold(key, subject, whyReused(membership.account, ownedSubject(row)))
    }
    if isReappearing(row, frame, membership.group) {
      return removeOutlived(membership, key, ownedSubject(row))
    }
    if let current = renamedHolder(row, membership, frame) {
      return removeFormerName(membership, key, row, current, frame)
    }
    switch input.book.verdict(on: input.owned.reasons[row]) {
    case .hold(let reason):
      hold(key, subject, reason, because: input.owned.reasons[row])
    case .remove(let ending):
      if let subject, isHeld(subject), !ending.cause.standsAlone {
        hold(key, subject, "the subject is held")
      } else if let reason = whyClosed(membership.group, forAdding: false) {
        hold(key, subject, reason)
      } else {
        remove(membership, key, subject, ending)
      }
    }
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

  private mutating func noteGroups() {
    for (position, key) in input.scope.groups.enumerated() {
      let known = knownGroup(at: position)?.immutableID
      guard let id = immutableID(ofGroup: position), known == nil || known != id && input.takesOver
      else { continue }
      notes.append(.group(key, immutableID: id, origin: .preExisting))
    }
  }

  private func desiredSubject(_ row: Int32) -> SubjectID {
    input.desired.accounts[input.desired.memberships.sorted[Int(row)].account].subject
  }

  func ownedSubject(_ row: Int) -> SubjectID {
    input.owned.subjects[input.owned.memberships.sorted[row].account]
  }

  private func anchor(ofMember position: Int) -> SubjectID? {
    position < input.actual.accounts.count ? input.actual.accounts[position].anchor : nil
  }
}
