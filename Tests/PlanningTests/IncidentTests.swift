import AccessModel
import ConnectorTesting
import Planning
import Testing

/// Failures that other systems had, replayed where they would be decided here.
@Suite struct IncidentTests {
  private let people: [SubjectID] = ["ada", "ben", "cem", "dora", "eva"]

  /// Five people in one group, all by one source.
  private var world: World {
    var world = World()
    for subject in people {
      world.addMember(subject)
      world.known.append(World.known(AssignmentID("a-\(subject)"), subject: subject))
    }
    return world
  }

  private func assignment(_ subject: SubjectID) -> FakeAssignment {
    FakeAssignment(AssignmentID("a-\(subject)"), subject: subject, package: "p")
  }

  // ssosync 194: a cycle saw no users or groups and removed all of them.
  @Test func `incident: a list that is suddenly empty removes nobody`() throws {
    var world = world
    world.reading = .success([])
    #expect(!world.plan.changes.isEmpty)
    let approved = Limits.standard.approve(world.plan, recent: [], now: world.now)
    #expect(approved.plan.changes == [])
  }

  // external-dns 3997, 3140 and 2858: a time-out, a refused credential and a logged error were each
  // taken for "there is nothing", and everything was deleted.
  @Test(arguments: [SourceError.Kind.unavailable, .malformed])
  func `incident: a source that fails says nothing about anybody`(kind: SourceError.Kind) {
    var world = world
    world.reading = .failure(SourceError(source: "src", kind: kind, message: "no answer"))
    #expect(world.lines == [])
  }

  // ssosync 236: random groups lost members when a page of them went missing, and got them back with
  // the next run.
  @Test func `incident: a page that is missing costs nobody a membership`() {
    var world = world
    world.reading = .success(people.prefix(3).map(assignment))
    world.readingCoverage = .partial(reason: "the second page failed")
    #expect(world.lines == [])
  }

  // external-dns 3628: the cure for the above let one bad object stop everything.
  @Test func `incident: one broken record does not keep an ended one alive`() {
    var world = world
    world.readingCoverage = .partial(reason: "record 7 cannot be decoded")
    world.reading = .success([assignment("ada")])
    world.known[1] = World.known("a-ben", subject: "ben", end: World.day(-1))
    #expect(world.lines == ["removeMember g ben expired", "disableAccount ben expired"])
  }

  // discord/access 119: an end removed the membership from the own records only, and the next sync took
  // the membership that was still in the target for a grant.
  @Test func `incident: a membership that outlived its end in the target is no grant`() {
    var world = World()
    world.addMember("ada")
    world.known = [World.known("a-ada", end: World.day(-30))]
    #expect(world.lines == ["removeMember g ada expired", "disableAccount ada expired"])
  }

  // A nullable end that could not be parsed, read as "never ends".
  @Test func `incident: an assignment that says it is over is over, whatever its end`() {
    var world = world
    var over = assignment("ada")
    over.state = .expired
    over.end = World.day(300)
    world.reading = .success([over] + people.dropFirst().map(assignment))
    for subject in people.dropFirst() {
      world.desired.append((subject, "g", AssignmentID("a-\(subject)")))
    }
    #expect(world.lines == ["removeMember g ada revoked", "disableAccount ada revoked"])
  }

  // A directory whose access rules hide the members answers with success and no members.
  @Test func `incident: members that were not shown are neither added again nor forgotten`() {
    var world = world
    world.reading = .success(people.map(assignment))
    for subject in people { world.desired.append((subject, "g", AssignmentID("a-\(subject)"))) }
    world.members = []
    world.groupStates["g"] = .present(
      immutableID: "id-g", coverage: .partial(reason: "its members may not be read"))
    #expect(world.lines == [])
    #expect(!world.plan.holds.isEmpty)
  }

  // A deleted entry leaves its name in groups, and whoever gets that name next inherits the access.
  @Test func `incident: whoever gets a name that was used before inherits nothing`() {
    var world = World()
    world.addMember("ada")
    world.known = [World.known("a-ada")]
    world.reading = .success([assignment("ada")])
    world.desired = [("ada", "g", "a-ada")]
    world.members = []
    // The entry of that name is another one now.
    world.accounts[0].id = "somebody else"
    world.accounts[0].subject = nil
    #expect(world.lines == [])
    #expect(world.plan.holds.contains { $0.subject == "ada" })
  }

  // Grafana CVE-2025-41115: an external id of digits was taken for the internal id of another user.
  @Test func `incident: a subject's id is never looked up among the target's own ids`() {
    var world = World()
    world.accounts = [World.Account(subject: nil, key: "uid=root", id: "1", name: "root")]
    world.reading = .success([assignment("1")])
    world.desired = [("1", "g", "a-1")]
    #expect(world.lines == ["createAccount 1", "addMember g 1"])
  }

  // Two accounts, one of an intruder, whose mail addresses are equal after case mapping.
  @Test func `incident: an address that matches is not an identity`() {
    var world = World()
    world.accounts = [
      World.Account(
        subject: nil, key: "uid=boss", id: "7", name: "boss",
        attributes: ["mail": ["ada@example.org"]])
    ]
    world.reading = .success([assignment("ada")])
    world.desired = [("ada", "g", "a-ada")]
    #expect(world.lines == ["createAccount ada", "addMember g ada"])
  }
}
