import AccessModel
import ConnectorTesting
import Planning
import Reconciling
import Testing

/// Who is who from one run to the next.
struct IdentityTests {
  private let source = FakeSource(id: "partners")
  private let target = InMemoryTarget(groups: ["cn=eng", "cn=ops"])
  private let connector: Connector

  init() throws { connector = try Connector(source, target) }

  @Test func `an assignment that turns up for somebody else is held for both until its end`()
    async throws
  {
    source.answer([assignment("ada", id: "a-1", end: Connector.day(5))])
    try await connector.apply(at: Connector.day(0))
    source.answer([assignment("eve", id: "a-1", end: Connector.day(50))])
    for day in 1...2 {
      let report = try await connector.apply(at: Connector.day(day))
      #expect(report.verdict == .partlyApplied)
      #expect(await target.members("cn=eng") == ["ada"])
      #expect(await target.account("eve") == nil)
      let holds = report.targets[0].approved?.plan.holds ?? []
      #expect(holds.contains { $0.reason.contains("was ada's and is eve's now") }, "\(holds)")
    }
    // Its own end still ends it, and then the id is free.
    try await connector.apply(at: Connector.day(5))
    #expect(await target.members("cn=eng") == [])
    try await connector.apply(at: Connector.day(6))
    #expect(await target.members("cn=eng") == ["eve"])
  }

  @Test func `an assignment that turns up for somebody else and is over ends for the first`()
    async throws
  {
    source.answer([assignment("ada", id: "a-1")])
    try await connector.apply(at: Connector.day(0))
    source.answer([assignment("eve", id: "a-1", state: .expired)])
    try await connector.apply(at: Connector.day(1))
    #expect(await target.members("cn=eng") == [])
    #expect(await target.account("eve") == nil)
  }

  @Test func `R11: a membership goes only when the last assignment to it ends`() async throws {
    source.answer([
      assignment("ada", id: "a-1", end: Connector.day(1)),
      assignment("ada", id: "a-2", end: Connector.day(2)),
    ])
    try await connector.apply(at: Connector.day(0))
    try await connector.apply(at: Connector.day(1))
    #expect(await target.members("cn=eng") == ["ada"])
    try await connector.apply(at: Connector.day(2))
    #expect(await target.members("cn=eng") == [])
  }

  @Test func `a target that left the configuration is told of until it is back or retired`()
    async throws
  {
    let other = InMemoryTarget(groups: [], id: "other")
    source.answer([assignment("ada")])
    try await connector.apply(at: Connector.day(0))
    connector.change {
      $0.targets = [other]
      $0.mapping = $0.mapping.replacing("target: memory", with: "target: other")
        .replacing("cn=ops", with: "cn=eng")
    }
    let report = try await connector.plan(at: Connector.day(1))
    #expect(report.retired.map(\.target) == ["memory"])
    #expect(report.retired.map(\.memberships) == [1])
    #expect(report.retired.map(\.accounts) == [1])
    #expect(report.summary(exitCode: 4).messages.contains { $0.contains("'retired'") })
  }
}
