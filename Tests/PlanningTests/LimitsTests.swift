import AccessModel
import ConnectorTesting
import Planning
import Testing

@Suite struct LimitsTests {
  private static let absent = Ending.absent(
    World.reference("a"), missingSince: World.now, confirmed: World.now)
  private static let expired = Ending.expired(World.reference("a"), end: World.now)

  private func plan(
    removing count: Int, of size: Int, _ ending: (Int) -> Ending = { _ in LimitsTests.absent },
    group: EntitlementKey = "g", emptied: Bool = false
  ) -> Plan {
    Plan(
      target: "corp",
      changes: (0..<count).map { index in
        .removeMember(
          Membership(
            group: group, groupID: "id",
            account: AccountReference(
              subject: SubjectID("s\(index)"), displayName: nil,
              identity: AccountIdentity(key: AccountKey("uid=s\(index)"), immutableID: "i"))),
          because: ending(index))
      },
      sizes: Plan.Sizes(
        membersOfGroup: [group: size], accounts: 0, assignmentsOfSource: ["src": 10_000],
        emptiedSources: emptied ? ["src"] : []))
  }

  /// removals, members before, held or not
  @Test(arguments: [
    (2, 10, false), (3, 31, false), (3, 30, false), (3, 29, true), (9, 12, true),
    (1, 1, false), (2, 2, false), (3, 3, true), (100, 5000, false), (101, 5000, true),
  ])
  func `removals by absence are held at the limits`(count: Int, size: Int, isHeld: Bool) {
    let approved = Limits.standard.approve(
      plan(removing: count, of: size), recent: [], now: World.now)
    #expect(approved.held.count == (isHeld ? count : 0))
    #expect(approved.plan.changes.count == (isHeld ? 0 : count))
    #expect(approved.heldDigest != nil || !isHeld)
  }

  /// removals, members before, held or not
  @Test(arguments: [(2, 2, false), (2, 3, false), (3, 3, true), (4, 4, true)])
  func `R5: a group of three or more is not emptied, whatever share may go`(
    count: Int, size: Int, isHeld: Bool
  ) {
    let limits = Limits(minimum: 10, percent: 100, absolute: 100, window: .seconds(86_400))
    let approved = limits.approve(plan(removing: count, of: size), recent: [], now: World.now)
    #expect(approved.violations.map(\.rule) == (isHeld ? [.emptiesGroup] : []))
    #expect(approved.held.count == (isHeld ? count : 0))
  }

  @Test(arguments: [3, 12, 5000])
  func `what has expired is never held, whatever its number`(count: Int) {
    let expired = plan(removing: count, of: count) { _ in Self.expired }
    #expect(Limits.standard.approve(expired, recent: [], now: World.now).held == [])
  }

  @Test func `held removals hold nothing else`() {
    let mixed = plan(removing: 12, of: 12) { $0 < 4 ? Self.expired : Self.absent }
    let approved = Limits.standard.approve(mixed, recent: [], now: World.now)
    #expect(approved.plan.changes.count == 4)
    #expect(approved.held.count == 8)
  }

  /// Removals by mapping of the last day: those of `plan` with other subjects.
  private func recent(
    _ count: Int, target: TargetID = "corp", _ ending: Ending = .unmapped(live: [])
  ) -> Set<RecordedRemoval> {
    Set(
      plan(removing: count + 20, of: 100, { _ in ending }).changes.suffix(count)
        .map { RecordedRemoval($0, in: target) })
  }

  @Test func `R5: removals of the last day count with those of the plan`() {
    let one = plan(removing: 1, of: 20)
    #expect(Limits.standard.approve(one, recent: [], now: World.now).held == [])
    #expect(Limits.standard.approve(one, recent: recent(2), now: World.now).held.count == 1)
    let elsewhere = recent(2, target: "wiki")
    #expect(Limits.standard.approve(one, recent: elsewhere, now: World.now).held == [])
  }

  @Test func `R5: what was tried before and is planned again is one removal, not two`() {
    let two = plan(removing: 2, of: 8)
    let tried = Set(two.changes.map { RecordedRemoval($0, in: "corp") })
    #expect(Limits.standard.approve(two, recent: tried, now: World.now).held == [])
  }

  /// What the source lost: assignments 0..<n, each ending of `plan` by its own.
  private func losing(_ count: Int, of size: Int, hours: Int = 0, planned: Int = 1) -> Plan {
    func reference(_ index: Int) -> AssignmentReference {
      World.reference(AssignmentID("a\(index)"))
    }
    let confirmed = World.now.adding(.seconds(-3_600 * hours))
    let absences = (0..<count).map {
      SourceBook.Absence(reference: reference($0), confirmed: confirmed, wasKnownOver: false)
    }
    let base = plan(removing: planned, of: 5_000) {
      .absent(reference($0), missingSince: confirmed, confirmed: confirmed)
    }
    return Plan(
      target: "corp", changes: base.changes,
      sizes: Plan.Sizes(
        membersOfGroup: ["g": 5_000], assignmentsOfSource: ["src": size],
        absencesOfSource: ["src": absences]))
  }

  @Test(arguments: [
    (2, 10, 0, false), (3, 30, 0, false), (3, 29, 0, true), (101, 5_000, 0, true),
    (3, 29, 24, true), (3, 29, 25, false),
  ])
  func `R5: a source that loses much is held in every target, however little each shows of it`(
    lost: Int, size: Int, hours: Int, isHeld: Bool
  ) {
    let approved = Limits.standard.approve(
      losing(lost, of: size, hours: hours), recent: [], now: World.now)
    #expect(approved.held.count == (isHeld ? 1 : 0))
    #expect(approved.violations.allSatisfy { $0.scope == .source("src") })
  }

  @Test func `R5: what a source lost is counted over all targets`() {
    let one = losing(1, of: 27)
    #expect(Limits.standard.approve(one, recent: [], now: World.now).held == [])
    let elsewhere = Set(
      losing(3, of: 30, planned: 3).changes.map { RecordedRemoval($0, in: "wiki") })
    #expect(Limits.standard.approve(one, recent: elsewhere, now: World.now).held.count == 1)
  }

  @Test func `set aside is what passed, but for what ended for itself`() throws {
    func trouble(_ subject: SubjectID?, since: Instant? = World.now) -> Trouble {
      Trouble(
        target: "corp", subject: subject, failures: 5, firstAt: World.now, lastAt: World.now,
        quarantinedAt: since, reason: "no")
    }
    let mixed = plan(removing: 4, of: 100) { $0 < 2 ? Self.expired : .unmapped(live: []) }
    let approved = Limits.standard.approve(mixed, recent: [], now: World.now)
    func setAside(_ troubles: Trouble...) -> [SubjectID?] {
      let rest = approved.settingAside(Quarantine(troubles).sets)
      #expect(rest.plan.changes.count + rest.setAside.count == approved.plan.changes.count)
      return rest.setAside.map { $0.account?.subject }
    }
    #expect(setAside() == [])
    #expect(setAside(trouble("s1"), trouble("s2"), trouble("s3", since: nil)) == ["s2"])
    #expect(setAside(trouble(nil)) == ["s2", "s3"])
  }

  @Test func `a source that lists nothing after it had some is always held`() {
    let one = plan(removing: 1, of: 500, emptied: true)
    let approved = Limits.standard.approve(one, recent: [], now: World.now)
    #expect(approved.held.count == 1)
    #expect(approved.violations.map(\.rule) == [.emptiedSource])
  }

  @Test func `an approval releases exactly the plan it names`() throws {
    let held = Limits.standard.approve(plan(removing: 9, of: 12), recent: [], now: World.now)
    let digest = try #require(held.heldDigest)
    let approval = Approval(
      digest: digest.description, name: "kim", reason: "reorganisation", at: World.now)
    let released = Limits.standard.approve(
      plan(removing: 9, of: 12), recent: [], now: World.now, release: approval)
    #expect(released.held == [])
    #expect(released.plan.changes.count == 9)
    let another = Limits.standard.approve(
      plan(removing: 10, of: 12), recent: [], now: World.now, release: approval)
    #expect(another.held.count == 10)
  }

  @Test func `an account is not disabled while its removals are held`() {
    var changes = plan(removing: 9, of: 12).changes
    changes.append(
      .disableAccount(
        AccountReference(
          subject: "s0", displayName: nil,
          identity: AccountIdentity(key: "uid=s0", immutableID: "i")),
        .deactivate, because: Self.absent))
    let plan = Plan(
      target: "corp", changes: changes,
      sizes: Plan.Sizes(membersOfGroup: ["g": 12, "h": 4000], accounts: 4000))
    #expect(Limits.standard.approve(plan, recent: [], now: World.now).held.count == 10)
  }

  @Test func `one leaver is one membership and one account, not two removals`() {
    var changes = plan(removing: 2, of: 12).changes
    for change in changes {
      guard let account = change.account else { continue }
      changes.append(.disableAccount(account, .deactivate, because: Self.absent))
    }
    let sizes = Plan.Sizes(membersOfGroup: ["g": 12], accounts: 12)
    let two = Plan(target: "corp", changes: changes, sizes: sizes)
    #expect(Limits.standard.approve(two, recent: [], now: World.now).held == [])
    let third = AccountReference(subject: "s9", displayName: nil, identity: nil)
    let earlier = RecordedRemoval(
      .disableAccount(third, .deactivate, because: .unmapped(live: [])), in: "corp")
    #expect(
      Limits.standard.approve(two, recent: [earlier], now: World.now).violations.map(\.scope)
        == [.accounts])
  }

  @Test func `a violation says object, act, measured and limit`() {
    let approved = Limits.standard.approve(
      plan(removing: 9, of: 12, group: "cn=partner-eng"), recent: [], now: World.now)
    #expect(
      approved.violations.map(\.description).contains(
        "corp cn=partner-eng: removing 9 of 12 members (75 %) exceeds 10 %"))
  }
}

@Suite struct PlanDigestTests {
  private func removal(_ subject: SubjectID, _ ending: Ending) -> Change {
    .removeMember(
      Membership(
        group: "g", groupID: nil,
        account: AccountReference(subject: subject, displayName: nil, identity: nil)),
      because: ending)
  }

  @Test func `order does not matter and reading again does not either`() {
    func absent(_ confirmed: Instant) -> Ending {
      .absent(World.reference("a"), missingSince: World.day(-1), confirmed: confirmed)
    }
    let one = PlanDigest(
      target: "t",
      changes: [removal("ada", absent(World.day(0))), removal("bob", absent(World.day(0)))])
    let two = PlanDigest(
      target: "t",
      changes: [removal("bob", absent(World.day(1))), removal("ada", absent(World.day(1)))])
    #expect(one == two)
  }

  @Test func `another subject, cause or target is another plan`() {
    let base = removal("ada", .unmapped(live: []))
    let digests = Set([
      PlanDigest(target: "t", changes: [base]), PlanDigest(target: "u", changes: [base]),
      PlanDigest(target: "t", changes: [removal("bob", .unmapped(live: []))]),
      PlanDigest(
        target: "t", changes: [removal("ada", .expired(World.reference("a"), end: World.now))]),
      PlanDigest(target: "t", changes: []),
    ])
    #expect(digests.count == 5)
  }
  @Test func `another way to disable is another plan`() {
    let ada = AccountReference(subject: "ada", displayName: nil, identity: nil)
    let rules: [DisableRule] = [
      .set(["employeeType": ["disabled"]]), .set(["employeeType": []]), .moveTo("ou=disabled"),
      .deactivate,
    ]
    let digests = rules.map { rule in
      PlanDigest(
        target: "t",
        changes: [
          .disableAccount(ada, rule, because: .expired(World.reference("a"), end: World.now))
        ])
    }
    #expect(Set(digests).count == rules.count)
  }

  @Test func `where one value ends and the next begins is part of the plan`() {
    func digest(_ before: [String], _ after: [String]) -> PlanDigest {
      let ada = AccountReference(subject: "ada", displayName: nil, identity: nil)
      return PlanDigest(
        target: "t",
        changes: [
          .updateAccount(
            ada, [AttributeChange(name: "mail", before: before, after: after)],
            because: Reason(assignments: [World.reference("a")]))
        ])
    }
    let digests = Set([
      digest(["a\u{1f}b"], ["c"]), digest(["a", "b"], ["c"]), digest(["a"], ["b", "c"]),
      digest(["a\u{1f}\u{1e}\u{1f}b"], ["c"]), digest(["a"], ["b\u{1f}\u{1e}\u{1f}c"]),
    ])
    #expect(digests.count == 5)
  }
}
