import AccessModel

extension Planner {
  /// Accounts that live assignments need: correlated, created, corrected, enabled.
  mutating func planAccounts() {
    let desired = input.desired
    links.reserveCapacity(desired.accounts.count)
    var claimed: [Int: SubjectID] = [:]
    for account in desired.accounts {
      switch correlator.correlate(account.subject) {
      case .linked(let position, let adopting):
        if let other = claimed.updateValue(account.subject, forKey: position) {
          hold(account, "\(input.actual.accounts[position].key) is also the account of \(other)")
        } else {
          links.append(.account(position))
          correct(account, at: position, adopting: adopting)
        }
      case .unmatched where desired.accountRule != nil: create(account)
      case .unmatched:
        hold(account, "it has no account, and no mapping has an accounts rule for this target")
      case .conflict(let reason, let positions):
        disputed.formUnion(positions)
        hold(account, reason)
      }
    }
    for subject in desired.holds.keys {
      if let position = correlator.ownedAccount(of: subject).flatMap(correlator.position) {
        disputed.insert(position)
      }
    }
  }

  private mutating func hold(_ account: DesiredAccount, _ reason: String) {
    links.append(.held)
    holds.append(Hold(subject: account.subject, reason: reason))
  }

  private mutating func create(_ account: DesiredAccount) {
    let values = account.attributes.dictionary
    for name in values.keys.sorted() where values[name]?.isEmpty == false {
      if let reason = input.actual.unknownAttributes[name] { return hold(account, reason) }
    }
    links.append(.pending)
    let wasOurs =
      correlator.ownedAccount(of: account.subject).map { $0.origin != .intended } ?? false
    if wasOurs {
      findings.append(.drift("the account was deleted", group: nil, subject: account.subject))
    }
    changes.append(
      .createAccount(
        AccountReference(
          subject: account.subject, displayName: account.displayName, identity: nil),
        values.keys.sorted().map {
          AttributeChange(name: $0, before: [], after: values[$0, default: []])
        },
        because: Reason(assignments: because(account), repairsDrift: wasOurs)))
  }

  /// Enables the account of a desired subject, sets what differs, and lets the ledger know it.
  private mutating func correct(_ account: DesiredAccount, at position: Int, adopting: Bool) {
    let actual = input.actual.accounts[position]
    let row = correlator.ownedAccount(of: account.subject)
    let because = because(account)
    if row?.identity != actual.identity || row?.because != because
      || row?.origin == .intended
    {
      var origin = row?.origin ?? .created
      if origin == .intended { origin = .created }
      notes.append(
        .account(
          account.subject, actual.identity, origin: adopting ? .adopted : origin,
          because: because))
    }
    guard let rule = input.desired.accountRule else { return }

    let reference = AccountReference(
      subject: account.subject, displayName: account.displayName, identity: actual.identity)
    let reason = Reason(assignments: because)
    let differences = differences(rule.attributes, desired: account, actual: actual)
    if !actual.isEnabled, let disable = rule.disable {
      if row?.disabledAt == nil, row != nil {
        findings.append(
          .drift("the account was disabled", group: nil, subject: account.subject))
      }
      changes.append(.enableAccount(reference, disable, differences, because: reason))
    } else if !differences.isEmpty {
      changes.append(.updateAccount(reference, differences, because: reason))
    }
  }

  private func because(_ account: DesiredAccount) -> [AssignmentReference] {
    let before = correlator.ownedAccount(of: account.subject)?.because ?? []
    return input.book.justification(account.because, before: before)
  }

  /// Attributes are sets of values; one the mapping leaves empty is removed. What an existing account
  /// cannot change is held.
  private mutating func differences(
    _ names: [String], desired: DesiredAccount, actual: ActualAccount
  ) -> [AttributeChange] {
    var result: [AttributeChange] = []
    for name in names {
      let (before, after) = (actual.attributes[name], desired.attributes[name])
      guard !areSame(before, after), !input.actual.missingAttributes.contains(name) else {
        continue
      }
      if let reason = input.actual.unknownAttributes[name] {
        holds.append(Hold(subject: desired.subject, reason: reason))
        continue
      }
      if input.traits.fixedAttributes.contains(name)
        || input.actual.fixedAttributes.contains(name)
      {
        holds.append(
          Hold(
            subject: desired.subject,
            reason: "\(name) would change from '\(before.joined(separator: "', '"))' to "
              + "'\(after.joined(separator: "', '"))', which an existing account cannot; rename "
              + "it in the target or keep the mapped value"))
      } else {
        result.append(AttributeChange(name: name, before: before, after: after))
      }
    }
    return result
  }

  private func areSame(_ before: [String], _ after: [String]) -> Bool {
    func bytes(_ values: [String]) -> Set<Identifier<Attributes>> {
      Set(values.map { Identifier($0) })
    }
    return bytes(before) == bytes(after)
  }

  /// Accounts of ours that no live assignment needs: disabled, and deleted after the delay. Planned
  /// after the memberships, because an account stays while a membership of it does.
  mutating func planDepartures() {
    for row in input.owned.accounts where desiredPositions[row.subject] == nil {
      guard input.desired.holds[row.subject] == nil else { continue }
      guard let position = correlator.position(of: row) else {
        departUnseen(row)
        continue
      }
      switch input.book.verdict(on: row.because) {
      case .hold(let reason):
        holds.append(
          Hold(
            subject: row.subject, reason: reason,
            source: input.book.unreadSource(behind: row.because)))
      case .remove(let ending): depart(row, at: position, because: ending)
      }
    }
  }

  private mutating func depart(
    _ row: Ownership.Account, at position: Int, because ending: Ending
  ) {
    let actual = input.actual.accounts[position]
    let reference = reference(toAccountAt: position, subject: row.subject)
    guard row.origin == .created || row.origin == .intended else {
      findings.append(
        .orphan(
          actual.key, subject: row.subject, "no live assignment needs it; it was here before us"))
      return
    }
    guard let rule = input.desired.accountRule else {
      findings.append(
        .orphan(actual.key, subject: row.subject, "no live assignment needs it; no accounts rule"))
      return
    }
    guard let disable = rule.disable else {
      findings.append(
        .orphan(
          actual.key, subject: row.subject, "no live assignment needs it; no disable configured"))
      return
    }
    if actual.isEnabled {
      if keptSubjects.contains(row.subject), !ending.cause.standsAlone {
        holds.append(Hold(subject: row.subject, reason: "a membership of it is held"))
      } else {
        changes.append(.disableAccount(reference, disable, because: ending))
      }
      return
    }
    guard let disabledAt = row.disabledAt else {
      // Disabled by another hand, or by a run that could not record it: now the ledger learns why.
      changes.append(.disableAccount(reference, disable, because: ending))
      return
    }
    guard let delay = rule.deleteAfter, input.now >= disabledAt.adding(delay) else { return }
    let cause = row.disabledBecause ?? ending
    guard cause.cause != .absent else { return }
    if !input.book.isComplete {
      holds.append(
        Hold(
          subject: row.subject,
          reason: "it is due for deletion, but a source that may need it was not read completely"))
    } else if keptSubjects.contains(row.subject) {
      holds.append(
        Hold(
          subject: row.subject,
          reason: "it is due for deletion, but a group still lists it as a member that was there "
            + "before us; remove it there first"))
    } else {
      changes.append(.deleteAccount(reference, because: cause))
    }
  }
}
