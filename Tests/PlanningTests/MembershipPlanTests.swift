import AccessModel
import ConnectorTesting
import Planning
import Testing

@Suite struct MembershipPlanTests {
  @Test func `what should be and is needs nothing`() {
    var world = World()
    world.addMember("ada")
    world.desired = [("ada", "g", "a-ada")]
    world.known = [World.known("a-ada")]
    world.reading = .success([FakeAssignment("a-ada", subject: "ada", package: "p")])
    #expect(world.lines == [])
    #expect(world.plan.holds == [])
    #expect(world.plan.findings == [])
  }

  @Test func `a new subject gets an account and then the membership`() {
    var world = World()
    world.desired = [("ada", "g", "a-ada")]
    #expect(world.lines == ["createAccount ada", "addMember g ada"])
    #expect(
      world.plan.changes.last?.reason == Reason(assignments: [World.reference("a-ada")]))
  }

  @Test func `a membership ends with its assignment, with the end as evidence`() {
    var world = World()
    world.addMember("ada")
    world.known = [World.known("a-ada", end: World.day(-1))]
    world.reading = .failure(SourceError(source: "src", kind: .unavailable, message: "down"))
    #expect(world.lines == ["removeMember g ada expired", "disableAccount ada expired"])
    #expect(
      world.plan.changes.first?.ending
        == .expired(World.reference("a-ada"), end: World.day(-1)))
  }

  @Test func `an assignment is over at its very end and live just before`() {
    var world = World()
    world.addMember("ada")
    world.reading = .failure(SourceError(source: "src", kind: .unavailable, message: "down"))
    world.known = [World.known("a-ada", end: World.now)]
    #expect(world.lines.first == "removeMember g ada expired")
    world.known = [World.known("a-ada", end: World.now.adding(.microseconds(1)))]
    #expect(world.lines == [])
  }

  @Test func `a source that is down takes nothing away and says so`() {
    var world = World()
    world.addMember("ada")
    world.known = [World.known("a-ada")]
    world.reading = .failure(SourceError(source: "src", kind: .unavailable, message: "down"))
    #expect(world.lines == [])
    #expect(world.plan.holds.map(\.subject) == ["ada", "ada"])
  }

  @Test func `a partial reading never removes what is absent`() {
    var world = World()
    world.addMember("ada")
    world.known = [World.known("a-ada")]
    world.readingCoverage = .partial(reason: "page 3 failed")
    #expect(world.lines == [])
    #expect(!world.plan.holds.isEmpty)
  }

  @Test func `what a complete reading lacks is absent, at once for a file`() {
    var world = World()
    world.addMember("ada")
    world.known = [World.known("a-ada")]
    #expect(world.lines == ["removeMember g ada absent", "disableAccount ada absent"])
  }

  @Test func `what a paged source lacks once is held, and twice far enough apart is absent`() {
    var world = World()
    world.addMember("ada")
    world.known = [World.known("a-ada")]
    world.absentAfter = .seconds(600)
    #expect(world.lines == [])
    world.known[0].missingSince = World.now.adding(.seconds(-599))
    #expect(world.lines == [])
    world.known[0].missingSince = World.now.adding(.seconds(-600))
    #expect(world.lines.first == "removeMember g ada absent")
  }

  @Test func `an unmapped group is cleared`() {
    var world = World()
    world.addMember("ada")
    world.groups = [DesiredGroup(key: "other")]
    world.desired = [("ada", "other", "a-ada")]
    world.known = [World.known("a-ada")]
    world.reading = .success([FakeAssignment("a-ada", subject: "ada", package: "p")])
    #expect(world.lines == ["addMember other ada", "removeMember g ada unmapped"])
  }

  @Test func `R1: what a live assignment no longer maps to is unmapped, though another has ended`()
  {
    var world = World()
    world.addMember("ada")
    world.owned[0].because.append(World.reference("a-old"))
    world.groups = [DesiredGroup(key: "other")]
    world.desired = [("ada", "other", "a-ada")]
    world.known = [World.known("a-ada"), World.known("a-old", end: World.now)]
    world.reading = .success([FakeAssignment("a-ada", subject: "ada", package: "p")])
    #expect(world.lines == ["addMember other ada", "removeMember g ada unmapped"])
  }

  @Test func `R1: what no mapping asks for stays while a source is not read completely`() {
    var world = World()
    world.addMember("ada")
    world.groups = [DesiredGroup(key: "other")]
    world.desired = [("ada", "other", "a-ada")]
    world.known = [World.known("a-ada")]
    world.reading = .success([FakeAssignment("a-ada", subject: "ada", package: "p")])
    world.readingCoverage = .partial(reason: "cut")
    #expect(world.lines == ["addMember other ada"])
    #expect(world.plan.holds.map(\.group) == ["g"])
  }

  @Test func `of two assignments the last one to end counts`() {
    var world = World()
    world.addAccount("ada")
    world.members = [("g", "uid=ada")]
    world.owned = [
      World.Owned(
        group: "g", subject: "ada", because: [World.reference("one"), World.reference("two")])
    ]
    world.reading = .failure(SourceError(source: "src", kind: .unavailable, message: "down"))
    world.known = [
      World.known("one", end: World.day(-9)), World.known("two", end: World.day(1)),
    ]
    #expect(world.lines == [])
    world.known[1] = World.known("two", end: World.day(-2))
    #expect(
      world.plan.changes.first?.ending == .expired(World.reference("two"), end: World.day(-2)))
  }

  @Test func `L6: the value that a renamed account had before is removed, also after its end`() {
    var world = World()
    world.addMember("ada")
    world.accounts[0].key = "uid=countess"
    world.desired = [("ada", "g", "a-ada")]
    world.reading = .success([FakeAssignment("a-ada", subject: "ada", package: "p")])
    #expect(world.lines == ["addMember g ada", "removeMember g uid=ada unmapped"])
    #expect(!world.learnsAccount("ada"), "the old name would be forgotten before it is removed")

    world.members.append(("g", "uid=countess"))
    #expect(world.lines == ["removeMember g uid=ada unmapped"])
    world.members.removeFirst()
    #expect(world.lines == [] && world.learnsAccount("ada"))
    world.members.append(("g", "uid=ada"))

    world.desired = []
    world.reading = .failure(SourceError(source: "src", kind: .unavailable, message: "down"))
    world.known = [World.known("a-ada", end: World.day(-1))]
    #expect(
      Set(world.lines.filter { $0.hasPrefix("removeMember") })
        == ["removeMember g ada expired", "removeMember g uid=ada expired"])

    world.members = [("g", "uid=ada")]
    #expect(
      world.lines.filter { $0.hasPrefix("removeMember") } == ["removeMember g ada expired"])
  }

  @Test func `G5: a value of ours that names another entry by now is held, also after its end`() {
    var world = World()
    world.addMember("ada")
    world.accounts[0].id = "another"
    world.accounts[0].subject = nil
    world.known = [World.known("a-ada", end: World.day(-1))]
    #expect(world.lines == [])
    #expect(world.plan.notes == [.group("g", immutableID: "id-g", origin: .preExisting)])
    #expect(
      world.plan.holds.contains {
        $0.group == "g" && $0.subject == "ada" && $0.reason.contains("by hand")
      })

    world.members = []
    #expect(world.plan.holds == [])
    #expect(world.plan.notes.contains(.membershipGone("g", "ada")))
  }

  @Test func `a name that went to another subject's account carries that subject's membership`() {
    var world = World()
    world.addMember("ada")
    world.accounts = []
    world.addMember("bob")
    world.accounts[0].key = "uid=ada"
    world.ownedAccounts[1] = Ownership.Account(
      subject: "bob", identity: AccountIdentity(key: "uid=ada", immutableID: "id-bob"),
      origin: .created, because: [World.reference("a-bob")])
    world.members = [("g", "uid=ada")]
    world.desired = [("bob", "g", "a-bob")]
    world.reading = .success([FakeAssignment("a-bob", subject: "bob", package: "p")])
    world.known = [World.known("a-ada", end: World.day(-1))]
    #expect(world.lines == [])
    #expect(world.plan.holds == [])
  }

  @Test func `a foreign member is told and left alone`() {
    var world = World()
    world.members = [("g", "uid=mallory")]
    #expect(world.lines == [])
    #expect(
      world.plan.findings == [.foreignMembers("g", count: 1, first: ["uid=mallory"])])
  }

  @Test func `an exclusive group loses its foreign members, unless a source is incomplete`() {
    var world = World()
    world.groups = [DesiredGroup(key: "g", exclusive: true)]
    world.members = [("g", "uid=mallory")]
    #expect(world.lines == ["removeMember g uid=mallory unmapped"])
    world.readingCoverage = .partial(reason: "cut")
    #expect(world.lines == [])
  }

  @Test func `whose member it is cannot be told in an exclusive group while accounts are unread`() {
    var world = World()
    world.groups = [DesiredGroup(key: "g", exclusive: true)]
    world.members = [("g", "uid=ada")]
    world.desired = [("ada", "g", "a-ada")]
    world.reading = .success([FakeAssignment("a-ada", subject: "ada", package: "p")])
    world.coverage = .partial(reason: "size limit")
    #expect(world.lines == [])
    #expect(world.plan.holds.contains { $0.group == "g" && $0.reason.contains("size limit") })
  }

  @Test func `a membership found present is pre-existing and outlives its assignment`() {
    var world = World()
    world.addAccount("ada")
    world.members = [("g", "uid=ada")]
    world.desired = [("ada", "g", "a-ada")]
    world.reading = .success([FakeAssignment("a-ada", subject: "ada", package: "p")])
    #expect(world.lines == [])
    #expect(
      world.plan.notes.contains(
        .membership("g", "ada", origin: .preExisting, because: [World.reference("a-ada")])))

    world.owned = [
      World.Owned(
        group: "g", subject: "ada", because: [World.reference("a-ada")], origin: .preExisting)
    ]
    world.desired = []
    world.known = [World.known("a-ada", end: World.day(-1))]
    world.reading = .success([])
    #expect(!world.lines.contains { $0.hasPrefix("removeMember") })
    #expect(world.plan.findings.contains(.preExistingMembers("g", count: 1)))
  }

  @Test func `adopting makes a present membership ours`() {
    var world = World()
    world.groups = [DesiredGroup(key: "g", adopt: true)]
    world.addAccount("ada")
    world.members = [("g", "uid=ada")]
    world.desired = [("ada", "g", "a-ada")]
    #expect(
      world.plan.notes.contains(
        .membership("g", "ada", origin: .adopted, because: [World.reference("a-ada")])))
  }

  @Test func `a membership someone removed is drift, told and restored`() {
    var world = World()
    world.addMember("ada")
    world.members = []
    world.desired = [("ada", "g", "a-ada")]
    world.reading = .success([FakeAssignment("a-ada", subject: "ada", package: "p")])
    #expect(world.lines == ["addMember g ada"])
    #expect(world.plan.changes.first?.reason?.repairsDrift == true)
    #expect(
      world.plan.findings
        == [.drift("the membership was removed", group: "g", subject: "ada")])
  }

  @Test func `what a crash left behind is ours if it is there`() {
    var world = World()
    world.addMember("ada", origin: .intended)
    world.desired = [("ada", "g", "a-ada")]
    world.reading = .success([FakeAssignment("a-ada", subject: "ada", package: "p")])
    #expect(world.lines == [])
    #expect(
      world.plan.notes.contains(
        .membership("g", "ada", origin: .created, because: [World.reference("a-ada")])))
  }

  @Test func `a recreated group is held in both directions`() {
    var world = World()
    world.addMember("bob")
    world.ownedGroups = [Ownership.Group(key: "g", immutableID: "old", origin: .preExisting)]
    world.desired = [("ada", "g", "a-ada")]
    world.known = [World.known("a-bob", subject: "bob", end: World.day(-1))]
    #expect(!world.lines.contains { $0.contains("Member") })
    #expect(world.plan.holds.contains { $0.reason.contains("recreated") })
  }

  @Test func `a missing group is created only where that is configured`() {
    var world = World()
    world.groupStates["g"] = .missing
    world.desired = [("ada", "g", "a-ada"), ("bob", "g", "a-bob")]
    #expect(world.lines == ["createAccount ada", "createAccount bob"])
    #expect(world.plan.holds.contains { $0.group == "g" })
    world.createsMissingGroups = true
    #expect(
      world.lines == [
        "createAccount ada", "createAccount bob", "createGroup g", "addMember g ada",
        "addMember g bob",
      ])
  }

  @Test func `an unreadable group is held, yet what has expired is removed unseen`() {
    var world = World()
    world.addMember("ada")
    world.members = []
    world.groupStates["g"] = .unreadable(reason: "no rights")
    world.known = [World.known("a-ada", end: World.day(-1))]
    world.reading = .failure(SourceError(source: "src", kind: .unavailable, message: "down"))
    #expect(world.lines == ["removeMember g ada expired", "disableAccount ada expired"])
  }

  @Test func `a held subject keeps what it has, except what has expired`() {
    var world = World()
    world.addMember("ada")
    world.holds = ["ada": "expression failed"]
    world.known = [World.known("a-ada")]
    #expect(world.lines == [])
    world.known = [World.known("a-ada", end: World.day(-1))]
    #expect(world.lines == ["removeMember g ada expired"])
  }

  @Test func `a reason that could not be read is remembered beside the others`() {
    var world = World()
    world.addMember("ada")
    world.owned[0].because = [World.reference("a-ada"), World.reference("held")]
    world.desired = [("ada", "g", "a-ada")]
    world.known = [World.known("held"), World.known("a-ada")]
    world.reading = .success([FakeAssignment("a-ada", subject: "ada", package: "p")])
    world.readingCoverage = .partial(reason: "cut")
    #expect(!world.plan.notes.contains { if case .membership = $0 { true } else { false } })
    world.readingCoverage = .complete
    #expect(
      world.plan.notes.contains(
        .membership("g", "ada", origin: .created, because: [World.reference("a-ada")])))
  }

  @Test func `a recreated group that was read in part is not written unseen`() {
    var world = World()
    world.addMember("ada")
    world.members = []
    world.ownedGroups = [Ownership.Group(key: "g", immutableID: "old", origin: .preExisting)]
    world.groupStates["g"] = .present(immutableID: "new", coverage: .partial(reason: "range"))
    world.known = [World.known("a-ada", end: World.day(-1))]
    #expect(!world.lines.contains { $0.contains("Member") })
  }

  @Test func `what was absent and held is expired once its end has passed`() {
    var world = World()
    world.addMember("ada")
    let absent = Ending.absent(
      World.reference("a-ada"), missingSince: World.day(-3), confirmed: World.day(-3))
    world.known = [World.known("a-ada", end: World.day(1), ending: absent)]
    #expect(world.lines.first == "removeMember g ada absent")
    #expect(world.book.nextBoundary == World.day(1))
    world.known = [World.known("a-ada", end: World.day(-1), ending: absent)]
    #expect(world.lines.first == "removeMember g ada expired")
  }

  @Test(arguments: [(3599, false), (3600, true)])
  func `what was intended and never came is forgotten an hour after its end`(
    seconds: Int, isForgotten: Bool
  ) {
    var world = World()
    world.addMember("ada", origin: .intended)
    world.members = []
    world.known = [World.known("a-ada", end: World.now.adding(.seconds(-seconds)))]
    #expect(world.plan.notes.contains(.membershipGone("g", "ada")) == isForgotten)
    world.groupStates["g"] = .present(immutableID: "id-g", coverage: .partial(reason: "cut"))
    #expect(!world.plan.notes.contains(.membershipGone("g", "ada")))
  }

  @Test func `an exclusive group keeps the adopted account of a held subject`() {
    var world = World()
    world.groups = [DesiredGroup(key: "g", exclusive: true)]
    world.addAccount("ada")
    world.accounts[0].subject = nil
    world.members = [("g", "uid=ada")]
    world.holds = ["ada": "expression failed"]
    #expect(world.lines == [])
    world.holds = [:]
    #expect(world.lines.contains("removeMember g uid=ada unmapped"))
  }

  @Test func `taking over accepts a recreated group`() {
    var world = World()
    world.ownedGroups = [Ownership.Group(key: "g", immutableID: "old", origin: .preExisting)]
    world.desired = [("ada", "g", "a-ada")]
    #expect(world.lines == ["createAccount ada"])
    world.takesOver = true
    #expect(world.lines == ["createAccount ada", "addMember g ada"])
    #expect(
      world.plan.notes.contains(.group("g", immutableID: "id-g", origin: .preExisting)))
  }
}
