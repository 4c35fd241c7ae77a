import AccessModel

// A target that is put back to an older copy shows again what had ended. Nobody granted that, and
// nothing in the ledger says that it is ours: only the tombstones do. What is proven to have come
// back is ours again before anything is planned, so that it goes the ordinary way: by what its
// assignments come to now, through the limits, remembered if it is held.

/// What came back of what was ours in one target, and what somebody added again.
///
/// | the tombstone's thing is there, and                 | then                                     |
/// |-----------------------------------------------------|------------------------------------------|
/// | its group is older than it was without the member   | ours again: it never left this copy      |
/// | its group is as old, newer, or tells no time        | foreign, told as what was ours           |
/// | its account has the immutable id and our anchor     | ours again: such ids are not given twice |
struct Returned {
  private(set) var memberships: [Tombstones.Membership] = []
  private(set) var accounts: [Ownership.Account] = []
  /// Memberships that were ours, ended, and are there without having been brought back.
  private(set) var addedAgain: [MembershipIndex: Tombstones.Membership] = [:]
  private var findings: [Finding] = []

  init(_ input: PlanInput) {
    let tombstones = input.owned.tombstones
    guard !input.takesOver, !tombstones.memberships.isEmpty || !tombstones.accounts.isEmpty else {
      return
    }
    let holders = findAccounts(input)
    for tombstone in tombstones.memberships {
      guard let group = input.scope.groups.position(of: tombstone.group, by: \.self),
        let holder = holders[tombstone.subject]
      else { continue }
      let membership = MembershipIndex(group: group, account: holder.position)
      guard input.actual.memberships.contains(membership),
        Self.isKnown(tombstone.group, at: group, input)
      else { continue }
      guard tombstone.isAfter(input.actual.changedAt[tombstone.group]) else {
        addedAgain[membership] = tombstone
        continue
      }
      memberships.append(tombstone)
      if let former = holder.former, accounts.last?.subject != former.subject {
        accounts.append(former)
      }
      findings.append(
        .returned(
          "it ended at \(tombstone.endedAt) and is there again, since the group is older than it was "
            + "then: it was put back to an earlier copy", group: tombstone.group,
          subject: tombstone.subject))
    }
    accounts = Dictionary(
      accounts.map { ($0.subject, $0) }, uniquingKeysWith: { first, _ in first }
    ).values.sorted { $0.subject < $1.subject }
  }

  private struct Holder {
    let position: Int
    /// The account as it was, where nothing but a value in a group is left of it.
    var former: Ownership.Account?
  }

  /// Where the subjects of tombstones are among the members as read; notes accounts that came back.
  private mutating func findAccounts(_ input: PlanInput) -> [SubjectID: Holder] {
    let (owned, actual) = (input.owned, input.actual)
    let current = Dictionary(
      Set(owned.tombstones.memberships.map(\.subject))
        .union(owned.tombstones.accounts.map(\.subject)).compactMap { subject in
          owned.accounts.position(of: subject, by: \.subject).map {
            (owned.accounts[$0].identity.immutableID, subject)
          }
        }, uniquingKeysWith: { first, _ in first })
    let gone = Dictionary(
      owned.tombstones.accounts.map { ($0.identity.immutableID, $0) },
      uniquingKeysWith: { first, _ in first })
    var holders: [SubjectID: Holder] = [:]
    var back: [(Int, Tombstones.Account)] = []
    for (position, account) in actual.accounts.enumerated() {
      if let subject = current[account.identity.immutableID] {
        holders[subject] = Holder(position: position)
      } else if let tombstone = gone[account.identity.immutableID],
        account.anchor == tombstone.subject
      {
        back.append((position, tombstone))
      }
    }
    // An account that was made anew since then and is still there is the subject's.
    for (position, tombstone) in back where holders[tombstone.subject] == nil {
      holders[tombstone.subject] = Holder(position: position)
      accounts.append(Self.account(tombstone, as: actual.accounts[position].identity))
      findings.append(
        .returned(
          "its account was gone by \(tombstone.endedAt) and is there again with the same immutable "
            + "id: the target was put back to an earlier copy", group: nil,
          subject: tombstone.subject))
    }
    for tombstone in owned.tombstones.accounts
    where holders[tombstone.subject] == nil
      && owned.accounts.position(of: tombstone.subject, by: \.subject) == nil
    {
      let key = tombstone.identity.key
      let name = actual.strangersByAccount[key] ?? key
      guard let stranger = actual.strangers.position(of: name, by: \.self) else { continue }
      holders[tombstone.subject] = Holder(
        position: actual.accounts.count + stranger,
        former: Self.account(tombstone, as: tombstone.identity))
    }
    return holders
  }

  private static func account(
    _ tombstone: Tombstones.Account, as identity: AccountIdentity
  ) -> Ownership.Account {
    Ownership.Account(
      subject: tombstone.subject, identity: identity,
      origin: tombstone.origin == .intended ? .created : tombstone.origin,
      because: tombstone.because)
  }

  /// Whether the group is the one that the ledger knows: one that was made anew says nothing of the
  /// old.
  private static func isKnown(
    _ key: EntitlementKey, at position: Int, _ input: PlanInput
  ) -> Bool {
    guard case .present(let id, _) = input.actual.groups[position],
      let known = input.owned.groups.position(of: key, by: \.key)
    else { return false }
    return input.owned.groups[known].immutableID == id
  }
}

extension Returned {
  /// The same world with what came back among what is ours.
  func restored(in input: PlanInput) -> PlanInput {
    guard !memberships.isEmpty || !accounts.isEmpty else { return input }
    return input.with(owned: input.owned.adding(memberships, accounts))
  }

  /// What the ledger learns of it before anything is changed.
  var notes: [OwnershipNote] {
    accounts.map { .account($0.subject, $0.identity, origin: $0.origin, because: $0.because) }
      + memberships.map {
        .membership($0.group, $0.subject, origin: $0.restoredOrigin, because: $0.because)
      }
  }

  /// Both kinds are told; `surplus` are the memberships that are left alone as foreign.
  func findings(surplus: [MembershipIndex], book: AssignmentBook) -> [Finding] {
    findings
      + surplus.compactMap { addedAgain[$0] }.map { tombstone in
        var why = ""
        if case .remove(let ending) = book.verdict(on: tombstone.because) { why = ", \(ending)" }
        return .addedAgain(
          "was ours until \(tombstone.endedAt)\(why); added again by someone else, left alone",
          group: tombstone.group, subject: tombstone.subject)
      }
  }
}

extension Tombstones.Membership {
  fileprivate var restoredOrigin: Ownership.Origin { origin == .intended ? .created : origin }
}

extension Ownership {
  /// With rows that the ledger had and ended. An account takes the place of the subject's present one.
  fileprivate func adding(
    _ more: [Tombstones.Membership], _ moreAccounts: [Account]
  ) -> Ownership {
    let keys = Array(Set(groupKeys).union(more.map(\.group))).sorted()
    let names = Array(Set(subjects).union(more.map(\.subject))).sorted()
    let groupAt = groupKeys.map { keys.position(of: $0, by: \.self) ?? 0 }
    let subjectAt = subjects.map { names.position(of: $0, by: \.self) ?? 0 }
    var rows = memberships.sorted.enumerated().map { row, membership in
      (
        index: MembershipIndex(
          group: groupAt[membership.group], account: subjectAt[membership.account]),
        origin: origins[row], because: reasons[row]
      )
    }
    rows += more.map { tombstone in
      (
        index: MembershipIndex(
          group: keys.position(of: tombstone.group, by: \.self) ?? 0,
          account: names.position(of: tombstone.subject, by: \.self) ?? 0),
        origin: tombstone.restoredOrigin, because: tombstone.because
      )
    }
    rows.sort { $0.index < $1.index }
    let references = Array(Set(rows.flatMap(\.because))).sorted()
    let numbers = Dictionary(
      references.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
    var justifications = Justifications(assignments: references)
    for row in rows { justifications.append(row.because.compactMap { numbers[$0] }) }
    let replaced = Set(moreAccounts.map(\.subject))
    return Ownership(
      target: target,
      accounts: (accounts.filter { !replaced.contains($0.subject) } + moreAccounts)
        .sorted { $0.subject < $1.subject },
      groups: groups, groupKeys: keys, subjects: names,
      memberships: MembershipSet(ContiguousArray(rows.map(\.index))),
      origins: ContiguousArray(rows.map(\.origin)), reasons: justifications,
      tombstones: tombstones)
  }
}
