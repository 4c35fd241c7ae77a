import AccessModel
import ConnectorTesting
import Planning
import Testing

/// A target that was put back to an older copy shows again what had ended.
@Suite struct ReturnedTests {
  /// Ada had `g` by an assignment that expired yesterday. It was taken from her when the target's clock
  /// showed 10, and she is a member again of a group that was last changed at `second`.
  private func world(changedAt second: Int?, tombstone: Int? = 10) -> World {
    var world = World()
    world.addAccount("ada")
    world.members = [("g", "uid=ada")]
    world.known = [World.known("a-ada", end: World.day(-1))]
    world.ended = [World.tombstone("ada", at: tombstone)]
    world.ownedGroups = [Ownership.Group(key: "g", immutableID: "id-g", origin: .preExisting)]
    world.changedAt["g"] = second
    return world
  }

  private func isReturned(_ plan: Plan) -> Bool {
    plan.findings.contains { if case .returned = $0 { true } else { false } }
  }

  private func isAddedAgain(_ plan: Plan) -> Bool {
    plan.findings.contains { if case .addedAgain = $0 { true } else { false } }
  }

  @Test func `G9: what an older copy of a group brings back goes again, with its cause`() {
    let plan = world(changedAt: 9).plan
    let lines = world(changedAt: 9).lines
    #expect(lines.contains("removeMember g ada expired"))
    #expect(isReturned(plan))
    // The ledger knows it before anything is written, should the removal be held or fail.
    #expect(
      plan.notes.contains(
        .membership("g", "ada", origin: .created, because: [World.reference("a-ada")])))
  }

  @Test(arguments: [(10, 10), (11, 10), (nil, 10), (9, nil), (nil, nil)] as [(Int?, Int?)])
  func `R7: what is not proven to have been brought back is left alone and told`(
    group: Int?, tombstone: Int?
  ) throws {
    let world = world(changedAt: group, tombstone: tombstone)
    #expect(!world.lines.contains { $0.hasPrefix("removeMember") })
    #expect(isAddedAgain(world.plan))
    #expect(!isReturned(world.plan))
    let told = try #require(
      world.plan.findings.compactMap { finding -> String? in
        if case .addedAgain(let what, _, "ada") = finding { what } else { nil }
      }.first)
    #expect(told.contains("was ours until 2026-11-29"))
    #expect(told.contains("expired 2026-11-30"))
  }

  @Test func `R7: an instant that is cut to the second proves nothing`() {
    let tombstone = Tombstones.Membership(
      group: "g", subject: "ada", origin: .created, because: [], endedAt: World.day(-2),
      changedAt: World.second(10).adding(.milliseconds(999)))
    #expect(!tombstone.isAfter(World.second(10)))
    #expect(tombstone.isAfter(World.second(9)))
  }

  @Test func `a member who is not there again is nobody's business`() {
    var world = world(changedAt: 9)
    world.members = []
    #expect(!world.lines.contains { $0.hasPrefix("removeMember") })
    #expect(!isReturned(world.plan) && !isAddedAgain(world.plan))
  }

  @Test func `what an older copy brings back and is granted anew stays ours, and is no found one`()
  {
    var world = world(changedAt: 9)
    world.desired = [("ada", "g", "a-new")]
    world.reading = .success([FakeAssignment("a-new", subject: "ada", package: "p")])
    #expect(world.plan.changes == [])
    #expect(
      world.plan.notes.contains { note in
        guard case .membership("g", "ada", .created, let because) = note else { return false }
        return because == [World.reference("a-new")]
      })
    #expect(
      !world.plan.notes.contains { note in
        if case .membership(_, _, .preExisting, _) = note { true } else { false }
      })
  }

  @Test func `what the mapping ended is limited when it comes back, and held without a source`() {
    var world = world(changedAt: 9)
    world.known = [World.known("a-ada")]
    world.reading = .success([FakeAssignment("a-ada", subject: "ada", package: "p")])
    #expect(world.lines.contains("removeMember g ada unmapped"))
    world.reading = .failure(
      SourceError(source: "src", kind: .unavailable, message: "down"))
    #expect(!world.lines.contains { $0.hasPrefix("removeMember") })
    #expect(world.plan.holds.contains { $0.subject == "ada" && $0.group == "g" })
  }

  @Test func `a group that was made anew proves nothing of the old one`() {
    var world = world(changedAt: 9)
    world.groupStates["g"] = .present(immutableID: "id-another", coverage: .complete)
    #expect(!world.lines.contains { $0.hasPrefix("removeMember") })
    #expect(!isReturned(world.plan))
  }

  @Test
  func `a group that left the mapping is looked at for what comes back, and for nothing else`() {
    var world = world(changedAt: 9)
    world.groups = []
    world.members.append(("g", "uid=foreign"))
    #expect(world.lines.contains("removeMember g ada expired"))
    world.changedAt["g"] = 11
    #expect(world.input.scope.groups == ["g"])
    #expect(
      !world.plan.findings.contains {
        if case .foreignMembers = $0 { true } else { false }
      })
    #expect(world.plan.sizes.members == 0)
  }

  @Test(arguments: [9, 11])
  func `where members are hidden, those of an older copy are presumed to be there`(second: Int) {
    let world = world(changedAt: 9)
    let presumed = world.input.scope.presumedMembers("g", World.second(second))
    #expect(presumed == (second < 10 ? ["uid=ada"] : []))
  }

  // MARK: Accounts

  private func deleted(id: String = "id-ada", anchor: SubjectID? = "ada") -> World {
    var world = world(changedAt: 9)
    world.ownedAccounts = []
    world.accounts[0].subject = anchor
    world.accounts[0].id = id
    world.gone = [
      Tombstones.Account(
        subject: "ada", identity: AccountIdentity(key: "uid=ada", immutableID: "id-ada"),
        origin: .created, because: [World.reference("a-ada")], endedAt: World.day(-2))
    ]
    return world
  }

  @Test func `R12: an account that we deleted and that is back is ours, and is disabled again`() {
    let world = deleted()
    #expect(world.lines == ["removeMember g ada expired", "disableAccount ada expired"])
    #expect(
      world.plan.notes.contains { note in
        guard case .account("ada", let identity, .created, _) = note else { return false }
        return identity.immutableID == "id-ada"
      })
    #expect(world.plan.unrecordedAnchors == 0)
  }

  @Test(arguments: [("id-new", "ada"), ("id-ada", nil), ("id-ada", "bob")])
  func `an account of the same name that is not the one we had is left alone`(
    id: String, anchor: SubjectID?
  ) {
    let world = deleted(id: id, anchor: anchor)
    #expect(!world.lines.contains { $0.contains("Account") })
    #expect(!isReturned(world.plan))
  }

  @Test func `the subject's earlier account takes the place of one that the copy does not have`() {
    var world = deleted()
    world.ownedAccounts = [
      Ownership.Account(
        subject: "ada", identity: AccountIdentity(key: "uid=ada", immutableID: "id-second"),
        origin: .created, because: [World.reference("a-new")])
    ]
    world.desired = [("ada", "g", "a-new")]
    world.reading = .success([FakeAssignment("a-new", subject: "ada", package: "p")])
    #expect(world.plan.holds == [])
    #expect(world.plan.changes == [])
  }

  @Test func `L6: a value that a group brings back of an account that is gone goes again`() {
    var world = deleted()
    world.accounts = []
    #expect(world.lines == ["removeMember g ada expired"])
    // Known again for as long as the value stands there.
    #expect(
      world.plan.notes.contains { note in
        if case .account("ada", _, .created, _) = note { true } else { false }
      })
    #expect(!world.plan.notes.contains(.accountGone("ada")))
  }
}
