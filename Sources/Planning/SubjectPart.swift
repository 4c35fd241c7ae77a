package import AccessModel

/// One subject's part of a plan, made from a reading of its account and of the groups it is about.
///
/// Of the others nothing is known then. So this is only done where nothing about them can matter: the
/// ledger knows the subject's account, which is found as it was; nothing is held; and nothing is to go
/// that the limits count. Otherwise the part is taken from the plan of everything, which it equals.
package struct SubjectPart: Sendable {
  /// What to read; `nil` where everything has to be.
  package let scope: ManagedScope?
  private let subject: SubjectID
  private let desired: DesiredState
  private let owned: Ownership
  private let traits: TargetTraits
  /// Those that the subject is to be in, or is in by the ledger.
  private let groups: Set<EntitlementKey>

  /// More subjects without an account cost as much as reading all.
  private static let many = 100

  package init(
    of subject: SubjectID, desired: DesiredState, owned: Ownership, traits: TargetTraits
  ) {
    let only = Self.onlyAccount(of: subject, desired, owned, traits)
    (self.subject, self.traits) = (subject, traits)
    self.desired = desired.part(of: subject)
    self.owned = owned.part(of: subject)
    groups = Set(self.desired.groups.map(\.key)).union(self.owned.groupKeys)
    scope =
      only == nil ? nil : ManagedScope(desired: self.desired, owned: self.owned, only: only)
  }

  private static func onlyAccount(
    of subject: SubjectID, _ desired: DesiredState, _ owned: Ownership, _ traits: TargetTraits
  ) -> ManagedScope.OneAccount? {
    guard traits.canReadOneAccount, desired.holds[subject] == nil,
      // Whoever is in one of these and should not be is removed, whoever put them there.
      !desired.groups.contains(where: \.exclusive),
      let row = owned.accounts.position(of: subject, by: \.subject).map({ owned.accounts[$0] }),
      row.origin != .intended,
      owned.accounts.count(where: { $0.identity.immutableID == row.identity.immutableID }) == 1
    else { return nil }
    // Were one of these to carry our anchor, the ledger would be an older copy.
    let unrecorded =
      desired.accountRule == nil
      ? []
      : desired.accounts.map(\.subject).filter {
        owned.accounts.position(of: $0, by: \.subject) == nil
      }
    guard unrecorded.count <= many else { return nil }
    return ManagedScope.OneAccount(identity: row.identity, anchors: [subject] + unrecorded)
  }

  /// The subject's part, from a reading of `scope`. `nil` where that does not tell it.
  package func plan(_ actual: ActualState, _ book: AssignmentBook, now: Instant) -> Plan? {
    guard let scope, let only = scope.only, actual.accounts.map(\.identity) == [only.identity]
    else { return nil }
    let plan = Planning.plan(
      PlanInput(
        desired: desired, actual: actual, owned: owned, scope: scope, book: book, traits: traits,
        now: now))
    let isUndoubted = plan.changes.allSatisfy { change in
      if case .createGroup = change { return false }
      return change.account?.subject == subject && !(change.ending?.cause.isLimited ?? false)
    }
    guard isUndoubted, plan.holds.isEmpty, plan.unrecordedAnchors == 0 else { return nil }
    return narrowing(plan)
  }

  /// The plan with what is held and found of the subject and of its groups alone. Its changes are all
  /// still there, for the limits.
  package func narrowing(_ plan: Plan) -> Plan {
    plan.telling(
      holds: { hold in
        hold.subject.map { $0 == subject } ?? hold.group.map(groups.contains) ?? true
      },
      findings: { finding in
        switch finding {
        case .drift(_, _, subject), .returned(_, _, subject), .addedAgain(_, _, subject),
          .orphan(_, subject, _), .notice:
          true
        case .drift, .returned, .addedAgain, .orphan, .foreignMembers, .preExistingMembers: false
        }
      })
  }
}

extension DesiredState {
  fileprivate func part(of subject: SubjectID) -> DesiredState {
    let account = accounts.position(of: subject, by: \.subject)
    let rows = memberships.sorted.indices.filter { memberships.sorted[$0].account == account }
    let groups = rows.map { self.groups[memberships.sorted[$0].group] }
    return DesiredState(
      target: target, groups: groups, accounts: account.map { [accounts[$0]] } ?? [],
      memberships: .ofOne(rows.count), reasons: reasons.part(rows), accountRule: accountRule)
  }
}

extension Ownership {
  fileprivate func part(of subject: SubjectID) -> Ownership {
    let member = subjects.position(of: subject, by: \.self)
    let rows = memberships.sorted.indices.filter { memberships.sorted[$0].account == member }
    return Ownership(
      target: target, accounts: accounts.filter { $0.subject == subject }, groups: groups,
      groupKeys: rows.map { groupKeys[memberships.sorted[$0].group] },
      subjects: rows.isEmpty ? [] : [subject], memberships: .ofOne(rows.count),
      origins: ContiguousArray(rows.map { origins[$0] }), reasons: reasons.part(rows),
      tombstones: Tombstones(
        memberships: tombstones.memberships.filter { $0.subject == subject },
        accounts: tombstones.accounts.filter { $0.subject == subject }))
  }
}

extension MembershipSet {
  /// Those of the only account in so many groups.
  fileprivate static func ofOne(_ groups: Int) -> MembershipSet {
    MembershipSet(ContiguousArray((0..<groups).map { MembershipIndex(group: $0, account: 0) }))
  }
}

extension Justifications {
  fileprivate func part(_ rows: [Int]) -> Justifications {
    let lists = rows.map { self[$0] }
    let assignments = Array(Set(lists.joined())).sorted()
    var part = Justifications(assignments: assignments)
    for list in lists {
      part.append(list.compactMap { assignments.position(of: $0, by: \.self).map { Int32($0) } })
    }
    return part
  }
}
