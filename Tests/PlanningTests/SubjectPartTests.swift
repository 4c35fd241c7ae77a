import AccessModel
import Planning
import Testing

@Suite struct SubjectPartTests {
  private func changes(of subject: SubjectID, in plan: Plan) -> [Change] {
    plan.changes.filter { $0.account?.subject == subject }
  }

  private func notes(of subject: SubjectID, in plan: Plan) -> [OwnershipNote] {
    plan.notes.filter { note in
      switch note {
      case .membership(_, subject, _, _), .membershipGone(_, subject, _),
        .account(subject, _, _, _), .accountGone(subject):
        true
      case .membership, .membershipGone, .account, .accountGone, .group: false
      }
    }
  }

  /// A world with a few of the things that make a part of the picture a guess.
  private func world(_ seed: UInt64) -> World {
    var random = PlanLawTests.Seeded(state: seed &* 77)
    func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }
    var world = PlanLawTests().world(seed)
    for index in world.accounts.indices {
      let subject = world.accounts[index].subject
      if chance(6) { world.accounts[index].attributes["mail"] = ["old@example.org"] }
      if chance(6) { world.accounts[index].isEnabled = false }
      if chance(12) { world.accounts[index].subject = nil }
      if chance(12) { world.accounts[index].key = AccountKey("uid=other-\(index)") }
      if chance(12), let subject {
        world.accounts.append(
          World.Account(
            subject: subject, key: AccountKey("uid=twin-\(index)"), id: "twin-\(index)",
            name: "twin-\(index)"))
      }
      if chance(16), let subject { world.holds[subject] = "in doubt" }
    }
    if chance(3) { world.accounts.remove(at: 0) }
    // Most ledgers know everybody.
    if !chance(3) {
      for account in world.accounts where account.id.hasPrefix("id-") {
        let subject = SubjectID(String(account.id.dropFirst(3)))
        guard !world.ownedAccounts.contains(where: { $0.subject == subject }) else { continue }
        world.ownedAccounts.append(
          Ownership.Account(
            subject: subject,
            identity: AccountIdentity(
              key: AccountKey("uid=\(subject)"), immutableID: "id-\(subject)"),
            origin: chance(9) ? .intended : .created,
            because: [World.reference(AssignmentID("a-\(subject)-g"))]))
      }
    }
    if chance(5) { world.groupStates["h"] = .present(immutableID: "new", coverage: .complete) }
    if chance(5) {
      world.groupStates["i"] = .present(
        immutableID: "id-i", coverage: .partial(reason: "cut"))
    }
    if chance(9) { world.groupStates["g"] = .missing }
    if chance(9) { world.groups[0] = DesiredGroup(key: "g", exclusive: true) }
    world.createsMissingGroups = chance(2)
    return world
  }

  @Test func `R5: a subject's part is what the plan of everything has of it, or is not told`() {
    var told = 0
    var withChanges = 0
    for seed in 1...300 as ClosedRange<UInt64> {
      let world = world(seed)
      let whole = world.plan
      for index in 0..<8 {
        let subject = SubjectID("s\(index)")
        guard let part = world.part(of: subject) else { continue }
        told += 1
        let ours = changes(of: subject, in: whole)
        if !ours.isEmpty { withChanges += 1 }
        #expect(part.changes == ours, "seed \(seed), \(subject)")
        #expect(notes(of: subject, in: part) == notes(of: subject, in: whole), "seed \(seed)")
        let narrowed = world.subjectPart(subject).narrowing(whole)
        // What keeps others out of a group is no matter of the subject.
        #expect(narrowed.holds.allSatisfy { $0.subject == nil }, "\(narrowed.holds)")
        #expect(part.findings == narrowed.findings, "seed \(seed), \(subject)")
        #expect(part.holds.isEmpty && whole.unrecordedAnchors == 0, "seed \(seed), \(subject)")
        let judged = Limits.standard.approve(whole, recent: [], now: world.now) {
          $0.account?.subject == subject
        }
        #expect(judged.held.isEmpty && judged.plan.changes == ours, "seed \(seed), \(subject)")
      }
    }
    #expect(told > 200 && withChanges > 100, "\(told), \(withChanges)")
  }

  @Test func `what the limits count is never told by a part`() {
    var world = World()
    for index in 0..<20 { world.addMember(SubjectID("s\(index)")) }
    world.known = (0..<20).map {
      World.known(AssignmentID("a-s\($0)"), subject: SubjectID("s\($0)"))
    }
    #expect(world.plan.changes.contains { $0.ending?.cause == .absent })
    #expect(world.part(of: "s3") == nil)
    world.known = (0..<20).map {
      World.known(AssignmentID("a-s\($0)"), subject: SubjectID("s\($0)"), end: World.day(-1))
    }
    let part = world.part(of: "s3")
    #expect(part?.changes.map(\.kind) == ["removeMember", "disableAccount"])
  }
}
