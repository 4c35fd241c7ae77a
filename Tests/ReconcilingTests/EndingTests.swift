import AccessModel
import ConnectorTesting
import Planning
import Reconciling
import Testing

/// What becomes of access when its assignment ends, or seems to.
struct EndingTests {
  private let source = FakeSource(id: "partners")
  private let target = InMemoryTarget(groups: ["cn=eng", "cn=ops"])
  private let connector: Connector

  init() throws {
    connector = try Connector(source, target)
  }

  @Test func `a second run writes nothing`() async throws {
    source.answer([assignment("ada"), assignment("bob", "Operations")])
    #expect(try await connector.apply(at: Connector.day(0)).verdict == .converged)
    #expect(await target.members("cn=eng") == ["ada"])
    #expect(await target.members("cn=ops") == ["bob"])
    let writes = await target.writes
    #expect(writes == 4)
    let journal = try await connector.journal()
    #expect(try await connector.apply(at: Connector.day(1)).verdict == .converged)
    #expect(await target.writes == writes)
    #expect(try await connector.journal() == journal)
  }

  @Test func `access ends at its very instant though the source is down`() async throws {
    let end = Connector.day(5, .seconds(3))
    source.answer([assignment("ada", end: end), assignment("bob")])
    try await connector.apply(at: Connector.day(0))
    source.fail()
    try await connector.apply(at: end.adding(.microseconds(-1)))
    #expect(await target.members("cn=eng") == ["ada", "bob"])
    let report = try await connector.apply(at: end)
    #expect(
      report.targets[0].lines == ["removeMember cn=eng ada expired", "disableAccount ada expired"])
    #expect(await target.members("cn=eng") == ["bob"])
    #expect(await target.isDisabled("ada"))
    #expect(await !target.isDisabled("bob"))
    #expect(report.verdict == .unavailable)
    #expect(report.nextBoundary == nil)
  }

  @Test func `what a file no longer lists goes at once`() async throws {
    source.answer([assignment("ada"), assignment("bob")])
    try await connector.apply(at: Connector.day(0))
    source.answer([assignment("bob")])
    try await connector.apply(at: Connector.day(0, .seconds(1)))
    #expect(await target.members("cn=eng") == ["bob"])
    #expect(await target.isDisabled("ada"))
  }

  @Test func `a paged source must lack it twice, far enough apart`() async throws {
    let source = FakeSource(id: "paged", absentAfter: .seconds(600))
    let connector = try Connector(source, target)
    source.answer([assignment("ada"), assignment("bob")])
    try await connector.apply(at: Connector.day(0))
    source.answer([assignment("bob")])
    for seconds in [0, 1, 599] {
      let report = try await connector.apply(at: Connector.day(1, .seconds(seconds)))
      #expect(report.verdict == .partlyApplied)
      #expect(await target.members("cn=eng") == ["ada", "bob"])
    }
    try await connector.apply(at: Connector.day(1, .seconds(600)))
    #expect(await target.members("cn=eng") == ["bob"])
  }

  @Test func `a record that returns in between starts the wait anew`() async throws {
    let source = FakeSource(id: "paged", absentAfter: .seconds(600))
    let connector = try Connector(source, target)
    source.answer([assignment("ada"), assignment("bob")])
    try await connector.apply(at: Connector.day(0))
    source.answer([assignment("bob")])
    try await connector.apply(at: Connector.day(1))
    source.answer([assignment("ada"), assignment("bob")])
    try await connector.apply(at: Connector.day(1, .seconds(300)))
    source.answer([assignment("bob")])
    try await connector.apply(at: Connector.day(1, .seconds(700)))
    #expect(await target.members("cn=eng") == ["ada", "bob"])
    try await connector.apply(at: Connector.day(1, .seconds(1300)))
    #expect(await target.members("cn=eng") == ["bob"])
  }

  @Test func `an incomplete reading takes nothing away and still gives`() async throws {
    source.answer([assignment("ada"), assignment("bob")])
    try await connector.apply(at: Connector.day(0))
    source.answer([assignment("eve")], coverage: .partial(reason: "page 2 failed"))
    let report = try await connector.apply(at: Connector.day(1))
    #expect(report.verdict == .partlyApplied)
    #expect(await target.members("cn=eng") == ["ada", "bob", "eve"])
    source.answer([], coverage: .partial(reason: "page 1 failed"))
    try await connector.apply(at: Connector.day(2))
    #expect(await target.members("cn=eng") == ["ada", "bob", "eve"])
  }

  @Test func `an undecodable record holds absences and nothing else`() async throws {
    source.answer([
      assignment("ada"), assignment("bob", end: Connector.day(1)), assignment("eve"),
    ])
    try await connector.apply(at: Connector.day(0))
    source.answer(
      [
        assignment("eve", state: .expired), assignment("dan"),
        assignment("bob", end: Connector.day(1)),
      ],
      undecodable: [
        UndecodableRecord(location: "p.json:9", field: "endDateTime", reason: "29 February 2027")
      ])
    let report = try await connector.apply(at: Connector.day(1))
    #expect(await target.members("cn=eng") == ["ada", "dan"])
    #expect(report.verdict == .partlyApplied)
  }

  @Test func `a revoked assignment is over before its end`() async throws {
    source.answer([assignment("ada", end: Connector.day(9))])
    try await connector.apply(at: Connector.day(0))
    source.answer([assignment("ada", state: .expired, end: Connector.day(9))])
    let report = try await connector.apply(at: Connector.day(1))
    #expect(report.targets[0].lines.first == "removeMember cn=eng ada revoked")
    #expect(await target.members("cn=eng") == [])
  }

  @Test func `an assignment extended after its end comes back to the same account`() async throws {
    source.answer([assignment("ada", end: Connector.day(1))])
    try await connector.apply(at: Connector.day(0))
    let id = await target.account("ada")?.immutableID
    try await connector.apply(at: Connector.day(1))
    #expect(await target.isDisabled("ada"))
    source.answer([assignment("ada", end: Connector.day(9))])
    let report = try await connector.apply(at: Connector.day(2))
    #expect(report.targets[0].lines == ["enableAccount ada", "addMember cn=eng ada"])
    #expect(await !target.isDisabled("ada"))
    #expect(await target.account("ada")?.immutableID == id)
    source.fail()
    try await connector.apply(at: Connector.day(9))
    #expect(await target.members("cn=eng") == [])
    #expect(await target.isDisabled("ada"))
  }

  @Test func `a disabled account is deleted after its delay, by its own ending`() async throws {
    source.answer([assignment("ada", end: Connector.day(1)), assignment("bob")])
    try await connector.apply(at: Connector.day(0))
    try await connector.apply(at: Connector.day(1))
    try await connector.apply(at: Connector.day(31, .microseconds(-1)))
    #expect(await target.account("ada") != nil)
    try await connector.apply(at: Connector.day(31))
    #expect(await target.account("ada") == nil)
    let writes = await target.writes
    #expect(try await connector.apply(at: Connector.day(32)).verdict == .converged)
    #expect(await target.writes == writes)
  }

  @Test func `no account is deleted while a source could still speak for its subject`() async throws
  {
    let other = FakeSource(id: "other", assignments: [assignment("bob")])
    connector.change { $0.sources = [source, other] }
    source.answer([assignment("ada", end: Connector.day(1))])
    try await connector.apply(at: Connector.day(0))
    try await connector.apply(at: Connector.day(1))
    other.fail()
    try await connector.apply(at: Connector.day(40))
    #expect(await target.account("ada") != nil)
    other.answer([assignment("bob")])
    try await connector.apply(at: Connector.day(41))
    #expect(await target.account("ada") == nil)
  }

  @Test func `a target read in part gets no second account, and still loses what has expired`()
    async throws
  {
    source.answer([assignment("ada", end: Connector.day(1)), assignment("bob")])
    try await connector.apply(at: Connector.day(0))
    source.answer([assignment("ada", end: Connector.day(1)), assignment("eve")])
    await target.set(.init(reading: .partial(entries: 1)))
    let report = try await connector.apply(at: Connector.day(1))
    #expect(report.verdict == .partlyApplied)
    #expect(await target.members("cn=eng") == ["bob"])
    #expect(await target.directory.accounts.count == 2)
    await target.set(.init())
    try await connector.apply(at: Connector.day(2))
    #expect(await target.members("cn=eng") == ["eve"])
  }
}
