import AccessModel

// What the ledger knows, and what is neither desired nor seen.

extension Planner {
  /// Known to the ledger, though the account is nowhere to be seen.
  mutating func settleLost(row: Int) {
    let key = input.owned.groupKeys[input.owned.memberships.sorted[row].group]
    if let group = scopePosition(of: key) { settleUnseen(row: row, group: group) }
  }

  /// Known to the ledger, neither desired nor seen.
  ///
  /// Where the group was read to its end the membership is gone. Where it was not, an ending that
  /// stands alone is carried out unseen: the target answers whether there was anything to remove.
  mutating func settleUnseen(row: Int, group: Int) {
    let key = input.scope.groups[group]
    let subject = ownedSubject(row)
    switch input.actual.groups[group] {
    case .missing, .present(_, .complete):
      if input.owned.origins[row] != .intended || isLongOver(row), !isAwaited(row) {
        notes.append(.membershipGone(key, subject, changedAt: input.actual.changedAt[key]))
      }
    case .present(_, .partial), .unreadable:
      guard case .remove(let ending) = input.book.verdict(on: input.owned.reasons[row]),
        ending.cause.standsAlone, input.owned.origins[row] != .preExisting, !isRecreated(group),
        let account = correlator.ownedAccount(of: subject), account.origin != .intended
      else {
        // It may still be there, so its account is not deleted from under it.
        keptSubjects.insert(subject)
        return
      }
      changes.append(
        .removeMember(
          Membership(
            group: key,
            groupID: immutableID(ofGroup: group) ?? knownGroup(at: group)?.immutableID,
            account: AccountReference(
              subject: subject, displayName: nil, identity: account.identity)),
          because: ending))
    }
  }

  /// An account of ours that no live assignment needs, and that was not seen.
  ///
  /// Where all accounts were read it is gone. Where they were not, an ending that stands alone is
  /// carried out unseen, once: the target answers whether there was anything to disable.
  mutating func departUnseen(_ row: Ownership.Account) {
    guard !input.actual.coverage.isComplete else {
      if row.origin != .intended, !danglingSubjects.contains(row.subject) {
        notes.append(.accountGone(row.subject))
      }
      return
    }
    guard row.origin == .created, row.disabledAt == nil,
      let disable = input.desired.accountRule?.disable,
      case .remove(let ending) = input.book.verdict(on: row.because), ending.cause.standsAlone
    else { return }
    changes.append(
      .disableAccount(
        AccountReference(subject: row.subject, displayName: nil, identity: row.identity), disable,
        because: ending))
  }

  /// A write whose answer was lost may take effect for a while yet, but not an hour after the end of
  /// what it was for. What appears later is another's doing.
  private func isLongOver(_ row: Int) -> Bool {
    guard case .remove(let ending) = input.book.verdict(on: input.owned.reasons[row]),
      let end = ending.instant
    else { return false }
    return input.now.since(end) >= .seconds(3600)
  }

  /// Missing while its subject is held or still justified: what is to become of it is not known yet.
  private func isAwaited(_ row: Int) -> Bool {
    let subject = ownedSubject(row)
    if isHeld(subject) { return true }
    guard case .hold = input.book.verdict(on: input.owned.reasons[row]) else { return false }
    return true
  }
}
