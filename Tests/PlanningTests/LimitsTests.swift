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
    let approved = Limits.standard.approve(plan(removing: count, of: size), recent: [])
    #expect(approved.held.count == (isHeld ? count : 0))
    #expect(approved.plan.changes.count == (isHeld ? 0 : count))
    #expect(approved.heldDigest != nil || !isHeld)
  }

  @Test(arguments: [3, 12, 5000])
  func `what has expired is never held, whatever its number`(count: Int) {
    let expired = plan(removing: count, of: count) { _ in Self.expired }
    #expect(Limits.standard.approve(expired, recent: []).held == [])
  }

  @Test func `held removals hold nothing else`() {
    let mixed = plan(removing: 12, of: 12) { $0 < 4 ? Self.expired : Self.absent }
    let approved = Limits.standard.approve(mixed, recent: [])
    #expect(approved.plan.changes.count == 4)
    #expect(approved.held.count == 8)
  }

  @Test func `removals of the last day count with those of the plan`() {
    let recent = (0..<2).map { _ in RecordedRemoval(target: "corp", group: "g", assignment: nil) }
    let one = plan(removing: 1, of: 20)
    #expect(Limits.standard.approve(one, recent: []).held == [])
    #expect(Limits.standard.approve(one, recent: recent).held.count == 1)
    let elsewhere = [RecordedRemoval(target: "wiki", group: "g", assignment: nil)]
    #expect(Limits.standard.approve(one, recent: elsewhere + elsewhere).held == [])
  }

  @Test func `a source that lists nothing after it had some is always held`() {
    let one = plan(removing: 1, of: 500, emptied: true)
    let approved = Limits.standard.approve(one, recent: [])
    #expect(approved.held.count == 1)
    #expect(approved.violations.map(\.rule) == [.emptiedSource])
  }

  @Test func `an approval releases exactly the plan it names`() throws {
    let held = Limits.standard.approve(plan(removing: 9, of: 12), recent: [])
    let digest = try #require(held.heldDigest)
    let approval = Approval(
      digest: digest.description, name: "kim", reason: "reorganisation", at: World.now)
    let released = Limits.standard.approve(
      plan(removing: 9, of: 12), recent: [], release: approval)
    #expect(released.held == [])
    #expect(released.plan.changes.count == 9)
    let another = Limits.standard.approve(
      plan(removing: 10, of: 12), recent: [], release: approval)
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
    #expect(Limits.standard.approve(plan, recent: []).held.count == 10)
  }

  @Test func `one leaver is one membership and one account, not two removals`() {
    var changes = plan(removing: 2, of: 12).changes
    for change in changes {
      guard let account = change.account else { continue }
      changes.append(.disableAccount(account, .deactivate, because: Self.absent))
    }
    let sizes = Plan.Sizes(membersOfGroup: ["g": 12], accounts: 12)
    let two = Plan(target: "corp", changes: changes, sizes: sizes)
    #expect(Limits.standard.approve(two, recent: []).held == [])
    let earlier = [RecordedRemoval(target: "corp", group: nil, assignment: nil)]
    #expect(Limits.standard.approve(two, recent: earlier).violations.map(\.scope) == [.accounts])
  }

  @Test func `a violation says object, act, measured and limit`() {
    let approved = Limits.standard.approve(
      plan(removing: 9, of: 12, group: "cn=partner-eng"), recent: [])
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
