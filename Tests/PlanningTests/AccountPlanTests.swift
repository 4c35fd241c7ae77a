import AccessModel
import ConnectorTesting
import Planning
import Testing

@Suite struct AccountPlanTests {
  private func live(_ subject: SubjectID) -> World {
    var world = World()
    world.desired = [(subject, "g", AssignmentID("a-\(subject)"))]
    world.reading = .success([
      FakeAssignment(AssignmentID("a-\(subject)"), subject: subject, package: "p")
    ])
    return world
  }

  @Test func `an account under the same name without our anchor is a conflict`() {
    var world = live("ada")
    world.accounts = [World.Account(subject: nil, key: "uid=ada", id: "x", name: "ADA")]
    #expect(world.lines == [])
    #expect(world.plan.holds.first?.reason.contains("is not ours") == true)
  }

  @Test func `told to adopt, it becomes ours`() {
    var world = live("ada")
    world.rule = AccountRule(attributes: ["mail"], correlation: .adopt)
    world.accounts = [
      World.Account(
        subject: nil, key: "uid=ada", id: "x", name: "ada",
        attributes: ["mail": ["ada@example.org"]])
    ]
    #expect(world.lines == ["addMember g ada"])
    #expect(
      world.plan.notes.contains(
        .account(
          "ada", AccountIdentity(key: "uid=ada", immutableID: "x"), origin: .adopted,
          because: [World.reference("a-ada")])))
  }

  @Test func `two accounts with one anchor are disputed and never guessed`() {
    var world = live("ada")
    world.accounts = [
      World.Account(subject: "ada", key: "uid=ada", id: "x", name: "ada"),
      World.Account(subject: "ada", key: "uid=ada2", id: "y", name: "ada2"),
    ]
    #expect(world.lines == [])
    #expect(world.plan.holds.first?.reason.hasPrefix("2 accounts carry") == true)
  }

  @Test func `a reused DN is held`() {
    var world = live("ada")
    world.addAccount("ada")
    world.accounts[0].id = "another"
    #expect(world.lines == [])
    #expect(world.plan.holds.first?.reason.contains("immutable id") == true)
  }

  @Test func `nothing is created while not all accounts could be read`() {
    var world = live("ada")
    world.coverage = .partial(reason: "size limit")
    #expect(world.lines == [])
    #expect(world.plan.holds.first?.reason.hasSuffix("size limit") == true)
  }

  @Test func `who would get an attribute that no account can have is held, and its ends are not`() {
    var world = live("ada")
    world.unknownAttributes = ["mail": "the schema has no mail; load it"]
    #expect(world.lines == [])
    #expect(world.plan.holds.map(\.reason) == ["the schema has no mail; load it"])
    world.rule = AccountRule(attributes: ["mail"])
    world.addAccount("ada")
    world.accounts[0].attributes = ["mail": ["old@example.org"]]
    #expect(world.lines == ["addMember g ada"])
    #expect(world.plan.holds.map(\.reason) == ["the schema has no mail; load it"])
    world.accounts[0].attributes = ["mail": ["ada@example.org"]]
    #expect(world.lines == ["addMember g ada"] && world.plan.holds.isEmpty)
  }

  @Test func `attributes that differ are set, and fixed ones are held`() {
    var world = live("ada")
    world.rule = AccountRule(attributes: ["mail", "uid"])
    world.addAccount("ada")
    world.accounts[0].attributes = ["mail": ["old@example.org"], "uid": ["other"]]
    #expect(world.lines.first == "updateAccount ada")
    #expect(
      world.plan.changes.first?.attributeChanges
        == [
          AttributeChange(name: "mail", before: ["old@example.org"], after: ["ada@example.org"])
        ])
    #expect(world.plan.holds.first?.reason.hasPrefix("uid would change") == true)
  }

  @Test func `a returning subject is enabled`() {
    var world = live("ada")
    world.addAccount("ada", isEnabled: false)
    #expect(world.lines == ["enableAccount ada", "addMember g ada"])
  }

  @Test func `a disabled account is deleted after the delay, never on absence alone`() {
    var world = World()
    world.addAccount("ada", isOwned: false, isEnabled: false)
    let identity = AccountIdentity(key: "uid=ada", immutableID: "id-ada")
    func row(_ ending: Ending, since: Instant) -> Ownership.Account {
      Ownership.Account(
        subject: "ada", identity: identity, origin: .created,
        because: [World.reference("a-ada")], disabledAt: since, disabledBecause: ending)
    }
    let expired = Ending.expired(World.reference("a-ada"), end: World.day(-30))
    let absent = Ending.absent(
      World.reference("a-ada"), missingSince: World.day(-30), confirmed: World.day(-30))
    world.known = [World.known("a-ada", end: World.day(-30), ending: expired)]
    world.ownedAccounts = [row(expired, since: World.day(-29))]
    #expect(world.lines == [])
    world.ownedAccounts = [row(expired, since: World.day(-30))]
    #expect(world.lines == ["deleteAccount ada expired"])
    world.ownedAccounts = [row(absent, since: World.day(-30))]
    #expect(world.lines == [])
  }

  @Test func `an adopted account is never disabled`() {
    var world = World()
    world.addAccount("ada", isOwned: false)
    world.ownedAccounts = [
      Ownership.Account(
        subject: "ada", identity: AccountIdentity(key: "uid=ada", immutableID: "id-ada"),
        origin: .adopted, because: [World.reference("a-ada")])
    ]
    world.known = [World.known("a-ada", end: World.day(-1))]
    #expect(world.lines == [])
    #expect(world.plan.findings.count == 1)
  }

  @Test func `anchors that the ledger does not know are counted`() {
    var world = live("ada")
    world.addAccount("ada", isOwned: false)
    #expect(world.plan.unrecordedAnchors == 1)
    world = live("ada")
    world.addAccount("ada")
    #expect(world.plan.unrecordedAnchors == 0)
  }

  @Test func `two subjects never share an account`() {
    var world = live("ada")
    world.desired.append(("bob", "g", "a-bob"))
    world.rule = nil
    world.addAccount("ada")
    world.ownedAccounts.append(
      Ownership.Account(
        subject: "bob", identity: world.ownedAccounts[0].identity, origin: .created, because: []))
    #expect(!world.lines.contains("addMember g bob"))
    #expect(world.plan.holds.contains { $0.subject == "bob" })
  }

  @Test func `an account is not deleted while a group that was not read may list it`() {
    var world = World()
    world.addMember("ada")
    world.accounts[0].isEnabled = false
    world.members = []
    world.groupStates["g"] = .unreadable(reason: "no rights")
    world.owned[0].because = [World.reference("held")]
    let expired = Ending.expired(World.reference("a-ada"), end: World.day(-40))
    world.known = [
      World.known("a-ada", end: World.day(-40), ending: expired), World.known("held"),
    ]
    world.reading = .success([
      FakeAssignment("held", subject: "ada", package: "p", state: .delivering)
    ])
    world.ownedAccounts[0] = Ownership.Account(
      subject: "ada", identity: world.ownedAccounts[0].identity, origin: .created,
      because: [World.reference("a-ada")], disabledAt: World.day(-40), disabledBecause: expired)
    #expect(world.lines == [])
    world.groupStates = [:]
    world.known[1] = World.known("held", end: World.day(-1))
    world.reading = .success([])
    #expect(world.lines == ["deleteAccount ada expired"])
  }

  @Test func `L1: an account that a partial list lacks is disabled once its access ended`() {
    var world = World()
    world.addAccount("ada")
    world.accounts = []
    world.coverage = .partial(reason: "its pages repeat themselves")
    world.known = [World.known("a-ada", end: World.day(-1))]
    #expect(world.lines == ["disableAccount ada expired"])
    // Once is enough, and what was not ours is left alone.
    let row = world.ownedAccounts[0]
    world.ownedAccounts[0] = Ownership.Account(
      subject: "ada", identity: row.identity, origin: .created, because: row.because,
      disabledAt: World.now)
    #expect(world.lines == [])
    world.ownedAccounts[0] = Ownership.Account(
      subject: "ada", identity: row.identity, origin: .preExisting, because: row.because)
    #expect(world.lines == [])
    world.ownedAccounts[0] = row
    world.coverage = .complete
    #expect(world.lines == [])
    // Absence does not stand alone.
    world.coverage = .partial(reason: "its pages repeat themselves")
    world.known = [World.known("a-ada", end: World.day(90))]
    #expect(world.lines == [])
  }

  @Test func `an account that was only intended is found by its anchor`() {
    var world = World()
    world.addAccount("ada", isOwned: false)
    world.ownedAccounts = [
      Ownership.Account(
        subject: "ada", identity: AccountIdentity(key: "", immutableID: ""), origin: .intended,
        because: [World.reference("a-ada")])
    ]
    world.known = [World.known("a-ada", end: World.day(-1))]
    #expect(world.lines == ["disableAccount ada expired"])
    world.accounts[0].subject = nil
    #expect(world.lines == [])
  }

  @Test func `an account that was disabled without a record is recorded`() {
    var world = World()
    world.addAccount("ada", isEnabled: false)
    world.known = [World.known("a-ada", end: World.day(-90))]
    #expect(world.lines == ["disableAccount ada expired"])
  }

  @Test func `what is recorded as another subject's is never adopted`() {
    var world = live("bob")
    world.rule = AccountRule(attributes: ["mail"], correlation: .adopt)
    world.accounts = [World.Account(subject: nil, key: "uid=bob", id: "x", name: "bob")]
    world.ownedAccounts = [
      Ownership.Account(
        subject: "zoe", identity: AccountIdentity(key: "uid=bob", immutableID: "x"),
        origin: .adopted, because: [World.reference("a-zoe")])
    ]
    #expect(world.lines == [])
    #expect(world.plan.holds.contains { $0.subject == "bob" && $0.reason.contains("zoe") })
  }

  /// Whoever gets the name next would inherit the membership, so the ledger must not forget whose it
  /// was while a group still lists it.
  @Test func `an account that is gone is remembered while a group lists it`() {
    var world = World()
    world.addMember("ada")
    world.accounts = []
    world.known = [World.known("a-ada")]
    #expect(world.lines == ["removeMember g ada absent"])
    #expect(!world.plan.notes.contains(.accountGone("ada")))
    world.members = []
    #expect(world.plan.notes.contains(.accountGone("ada")))
  }

  @Test func `an account we should know but do not is told, among others we do know`() {
    var world = live("ada")
    world.desired.append(("bob", "g", "a-bob"))
    world.addAccount("ada")
    world.addAccount("bob", isOwned: false)
    #expect(world.plan.unrecordedAnchors == 1)
    world.rule = nil
    #expect(world.plan.unrecordedAnchors == 0)
  }

  @Test func `taking over records what ended meanwhile, so that the next run can end it`() {
    var world = World()
    world.addAccount("ada", isOwned: false)
    world.members = [("g", "uid=ada")]
    world.reading = .success([
      FakeAssignment("a-ada", subject: "ada", package: "p", state: .expired)
    ])
    world.takesOver = true
    #expect(world.lines == [])
    let because = [World.reference("a-ada")]
    #expect(
      world.plan.notes.contains(.membership("g", "ada", origin: .adopted, because: because)))
    #expect(
      world.plan.notes.contains(
        .account(
          "ada", AccountIdentity(key: "uid=ada", immutableID: "id-ada"), origin: .created,
          because: because)))

    world.takesOver = false
    world.owned = [World.Owned(group: "g", subject: "ada", because: because, origin: .adopted)]
    world.ownedAccounts = [
      Ownership.Account(
        subject: "ada", identity: AccountIdentity(key: "uid=ada", immutableID: "id-ada"),
        origin: .created, because: because)
    ]
    #expect(world.lines == ["removeMember g ada revoked", "disableAccount ada revoked"])
  }
}
