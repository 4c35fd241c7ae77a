import AccessModel
import ConnectorTesting
import Planning

/// A small world written down as a test reads: who should hold what, what is there, what is ours.
struct World {
  static let now = day(0)

  /// Midnight, so many days from 1 December 2026.
  static func day(_ days: Int) -> Instant {
    Instant(CivilTime(year: 2026, month: 12, day: 1)).adding(CalendarDuration(days: days))
  }

  struct Account {
    var subject: SubjectID?
    var key: AccountKey
    var id: String
    var name: String
    var isEnabled = true
    var attributes: [String: [String]] = [:]
  }

  struct Owned {
    var group: EntitlementKey
    var subject: SubjectID
    var because: [AssignmentReference]
    var origin = Ownership.Origin.created
  }

  var rule: AccountRule? = AccountRule(
    attributes: ["mail"], disable: .set(["employeeType": ["disabled"]]),
    deleteAfter: CalendarDuration(days: 30))
  /// (subject, group, assignment) that should be, and the mail of each subject.
  var desired: [(SubjectID, EntitlementKey, AssignmentID)] = []
  var groups: [DesiredGroup] = [DesiredGroup(key: "g")]
  var holds: [SubjectID: String] = [:]
  var accounts: [Account] = []
  var members: [(EntitlementKey, AccountKey)] = []
  var groupStates: [EntitlementKey: ActualGroup] = [:]
  var coverage = Coverage.complete
  var unknownAttributes: [String: String] = [:]
  var owned: [Owned] = []
  var ownedAccounts: [Ownership.Account] = []
  var ownedGroups: [Ownership.Group] = []
  /// What was ours and ended; `changedAt` counts seconds of the target's clock, as that of groups.
  var ended: [Tombstones.Membership] = []
  var gone: [Tombstones.Account] = []
  var changedAt: [EntitlementKey: Int] = [:]
  /// Per source: what the reading says, what the ledger knew.
  var reading: Result<[FakeAssignment], SourceError> = .success([])
  var readingCoverage = Coverage.complete
  var known: [KnownAssignment] = []
  var absentAfter = Duration.zero
  var createsMissingGroups = false
  var takesOver = false
  var now = World.now

  static func reference(_ id: AssignmentID) -> AssignmentReference {
    AssignmentReference(source: "src", id: id)
  }

  static func known(
    _ id: AssignmentID, subject: SubjectID = "ada", end: Instant? = nil, ending: Ending? = nil
  ) -> KnownAssignment {
    KnownAssignment(
      reference: reference(id), subject: subject, package: "p",
      validity: Validity(start: World.day(-100), end: end), ending: ending)
  }

  /// The account of a subject as we made it.
  mutating func addAccount(_ subject: SubjectID, isOwned: Bool = true, isEnabled: Bool = true) {
    let key = AccountKey("uid=\(subject)")
    accounts.append(
      Account(
        subject: subject, key: key, id: "id-\(subject)", name: subject.rawValue,
        isEnabled: isEnabled, attributes: ["mail": ["\(subject)@example.org"]]))
    guard isOwned else { return }
    ownedAccounts.append(
      Ownership.Account(
        subject: subject, identity: AccountIdentity(key: key, immutableID: "id-\(subject)"),
        origin: .created, because: [Self.reference(AssignmentID("a-\(subject)"))]))
  }

  /// A subject with an account of ours in group `g`, justified by assignment `a-<subject>`.
  mutating func addMember(_ subject: SubjectID, origin: Ownership.Origin = .created) {
    addAccount(subject)
    members.append(("g", AccountKey("uid=\(subject)")))
    owned.append(
      Owned(
        group: "g", subject: subject,
        because: [Self.reference(AssignmentID("a-\(subject)"))], origin: origin))
  }

  var book: AssignmentBook {
    let result = reading.map {
      AssignmentReading(source: "src", fakes: $0, coverage: readingCoverage)
    }
    return AssignmentBook([
      SourceBook(
        SourceResult(source: "src", reading: result, readAt: now, absentAfter: absentAfter),
        known: known.sorted { $0.reference < $1.reference }, now: now)
    ])
  }

  var desiredState: DesiredState {
    let groups = groups.sorted { $0.key < $1.key }
    let subjects = Array(Set(desired.map(\.0))).sorted()
    let assignments = Array(Set(desired.map { Self.reference($0.2) })).sorted()
    var rows: [MembershipIndex: Set<Int32>] = [:]
    var because: [SubjectID: Set<AssignmentReference>] = [:]
    for (subject, group, assignment) in desired {
      because[subject, default: []].insert(Self.reference(assignment))
      guard let g = groups.firstIndex(where: { $0.key == group }),
        let s = subjects.firstIndex(of: subject),
        let a = assignments.firstIndex(of: Self.reference(assignment))
      else { continue }
      rows[MembershipIndex(group: g, account: s), default: []].insert(Int32(a))
    }
    let set = MembershipSet(ContiguousArray(rows.keys))
    var reasons = Justifications(assignments: assignments)
    for membership in set.sorted { reasons.append(rows[membership, default: []].sorted()) }
    return DesiredState(
      target: "corp", groups: groups,
      accounts: subjects.map { subject in
        DesiredAccount(
          subject: subject, displayName: "Name of \(subject)",
          attributes: rule == nil
            ? .none
            : Attributes(["uid": [subject.rawValue], "mail": ["\(subject)@example.org"]]),
          because: because[subject, default: []].sorted())
      },
      memberships: set, reasons: reasons, holds: holds, accountRule: rule)
  }

  var ownership: Ownership {
    let keys = Array(Set(owned.map(\.group))).sorted()
    let subjects = Array(Set(owned.map(\.subject))).sorted()
    let assignments = Array(Set(owned.flatMap(\.because))).sorted()
    var rows: [MembershipIndex: Owned] = [:]
    for row in owned {
      guard let g = keys.firstIndex(of: row.group), let s = subjects.firstIndex(of: row.subject)
      else { continue }
      rows[MembershipIndex(group: g, account: s)] = row
    }
    let set = MembershipSet(ContiguousArray(rows.keys))
    var reasons = Justifications(assignments: assignments)
    for membership in set.sorted {
      reasons.append(
        (rows[membership]?.because ?? []).compactMap { reference in
          assignments.firstIndex(of: reference).map { Int32($0) }
        })
    }
    return Ownership(
      target: "corp", accounts: ownedAccounts.sorted { $0.subject < $1.subject },
      groups: ownedGroups, groupKeys: keys, subjects: subjects, memberships: set,
      origins: ContiguousArray(set.sorted.map { rows[$0]?.origin ?? .created }),
      reasons: reasons,
      tombstones: Tombstones(
        memberships: ended.filter { row in
          !owned.contains { $0.group == row.group && $0.subject == row.subject }
        }, accounts: gone))
  }

  /// Of the target's clock.
  static func second(_ count: Int) -> Instant {
    Instant(microseconds: 0).adding(.seconds(count))
  }

  /// What a subject had by assignment `a-<subject>` and lost, when the group was last changed so.
  static func tombstone(
    _ subject: SubjectID, _ group: EntitlementKey = "g", at second: Int?,
    origin: Ownership.Origin = .created
  ) -> Tombstones.Membership {
    Tombstones.Membership(
      group: group, subject: subject, origin: origin,
      because: [reference(AssignmentID("a-\(subject)"))], endedAt: day(-2),
      changedAt: second.map(Self.second))
  }

  func actualState(_ scope: ManagedScope) -> ActualState {
    let accounts = accounts.sorted { $0.key < $1.key }.filter { account in
      guard let only = scope.only else { return true }
      return account.id == only.identity.immutableID
        || account.subject.map { only.anchors.contains($0) } ?? false
    }
    let keys = Set(accounts.map(\.key))
    let strangers = Array(Set(members.map(\.1)).subtracting(keys)).sorted()
    let all = accounts.map(\.key) + strangers
    let pairs = members.compactMap { group, member in
      scope.groups.firstIndex(of: group).flatMap { g in
        all.firstIndex(of: member).map { MembershipIndex(group: g, account: $0) }
      }
    }
    return ActualState(
      target: "corp", coverage: scope.only == nil ? coverage : .partial(reason: "only one"),
      accounts: accounts.map {
        ActualAccount(
          identity: AccountIdentity(key: $0.key, immutableID: $0.id), anchor: $0.subject,
          naturalKey: $0.name, attributes: Attributes($0.attributes), isEnabled: $0.isEnabled)
      },
      groups: scope.groups.map {
        groupStates[$0] ?? .present(immutableID: "id-\($0)", coverage: .complete)
      }, changedAt: changedAt.mapValues(Self.second),
      strangers: strangers, memberships: MembershipSet(ContiguousArray(pairs)),
      unknownAttributes: unknownAttributes)
  }

  var input: PlanInput {
    let scope = ManagedScope(desired: desiredState, owned: ownership)
    return PlanInput(
      desired: desiredState, actual: actualState(scope), owned: ownership, scope: scope,
      book: book,
      traits: TargetTraits(
        naturalKeyAttribute: "uid", fixedAttributes: ["uid"],
        createsMissingGroups: createsMissingGroups),
      takesOver: takesOver, now: now)
  }

  var plan: Plan { Planning.plan(input) }

  /// The subject's part by a reading of its account and groups alone; `nil` where that does not tell it.
  func part(of subject: SubjectID) -> Plan? {
    let part = subjectPart(subject)
    return part.scope.flatMap { part.plan(actualState($0), book, now: now) }
  }

  func subjectPart(_ subject: SubjectID) -> SubjectPart {
    let input = input
    let traits = TargetTraits(
      naturalKeyAttribute: input.traits.naturalKeyAttribute,
      fixedAttributes: input.traits.fixedAttributes,
      createsMissingGroups: createsMissingGroups, canReadOneAccount: true)
    return SubjectPart(
      of: subject, desired: input.desired, owned: input.owned, traits: traits)
  }

  func learnsAccount(_ subject: SubjectID) -> Bool {
    plan.notes.contains { note in
      if case .account(subject, _, _, _) = note { true } else { false }
    }
  }

  /// The changes as short lines: `addMember g ada`, `removeMember g ada expired`.
  var lines: [String] {
    plan.changes.map { change in
      let who = change.account?.subject?.rawValue ?? change.account?.identity?.key.rawValue
      return [
        change.kind, change.group?.rawValue, who, change.ending.map(\.cause.rawValue),
      ]
      .compactMap { $0 }.joined(separator: " ")
    }
  }
}
