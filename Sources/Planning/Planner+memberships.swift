import AccessModel

extension Planner {
  /// One merge over what should be, what is and what is ours: each membership that is in any of the
  /// three is met once, and falls into one row of the table of `plan`. Below, `row` is the ledger's
  /// row of the membership, if it has one.
  mutating func planMemberships() {
    let frame = makeFrame()
    danglingSubjects = frame.dangling
    keepFormerNames(of: frame.renamed)
    var report = MembershipReport(groups: input.scope.groups.count)
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
    findings += report.findings(input, managed: managedGroups)
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
  func whyClosed(_ group: Int, forAdding: Bool) -> String? {
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
}
