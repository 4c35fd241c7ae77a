import AccessModel
import ConnectorTesting
import Planning
import Reconciling
import Testing

/// Several sources speak for the same subjects, and some of them cannot be read.
struct SourcesTests {
  private let partners = FakeSource(id: "partners")
  private let staff = FakeSource(id: "staff")
  private let target = InMemoryTarget(groups: ["cn=eng", "cn=ops"])
  private let connector: Connector

  init() throws {
    connector = try Connector(.init(sources: [partners, staff], targets: [target]))
  }

  @Test func `of two assignments for one membership the last to end counts`() async throws {
    partners.answer([assignment("ada", end: Connector.day(1))])
    staff.answer([assignment("ada", end: Connector.day(2))])
    try await connector.apply(at: Connector.day(0))
    try await connector.apply(at: Connector.day(1))
    #expect(await target.members("cn=eng") == ["ada"])
    try await connector.apply(at: Connector.day(2))
    #expect(await target.members("cn=eng") == [])
  }

  @Test func `an assignment that could not be read for a while still counts`() async throws {
    partners.answer([assignment("ada", end: Connector.day(5))])
    staff.answer([assignment("ada")])
    try await connector.apply(at: Connector.day(0))
    staff.fail()
    try await connector.apply(at: Connector.day(1))
    let report = try await connector.apply(at: Connector.day(5))
    #expect(report.targets[0].lines == [])
    #expect(await target.members("cn=eng") == ["ada"])
    staff.answer([assignment("ada")])
    #expect(try await connector.apply(at: Connector.day(6)).verdict == .converged)
    #expect(await target.members("cn=eng") == ["ada"])
  }

  @Test func `it still counts when the account was corrected or the drift repaired meanwhile`()
    async throws
  {
    partners.answer([assignment("ada", end: Connector.day(5))])
    staff.answer([assignment("ada")])
    try await connector.apply(at: Connector.day(0))
    staff.fail()
    try await target.edit { directory throws(InMemoryDirectory.Refusal) in
      try directory.removeMember(InMemoryTarget.accountKey(uid: "ada"), from: "cn=eng")
      try directory.modifyAccount(InMemoryTarget.accountKey(uid: "ada")) {
        $0.attributes["mail"] = ["other@example.org"]
      }
    }
    try await connector.apply(at: Connector.day(1))
    #expect(await target.account("ada")?.attributes["mail"] == ["ada@example.org"])
    #expect(try await connector.apply(at: Connector.day(5)).targets[0].lines == [])
    #expect(await target.members("cn=eng") == ["ada"])
  }

  @Test func `what was held and then ends goes with its own ending`() async throws {
    partners.answer([assignment("ada", end: Connector.day(5))])
    staff.answer([assignment("ada", end: Connector.day(7))])
    try await connector.apply(at: Connector.day(0))
    staff.fail()
    try await connector.apply(at: Connector.day(1))
    try await connector.apply(at: Connector.day(5))
    let report = try await connector.apply(at: Connector.day(7))
    #expect(
      report.targets[0].lines == ["removeMember cn=eng ada expired", "disableAccount ada expired"])
    #expect(
      report.targets[0].approved?.plan.changes.first?.ending?.assignment?.source == "staff")
  }

  @Test func `an assignment that is delivered anew is not unmapped because another is live`()
    async throws
  {
    let both = Connector.mapping.replacing("cn=ops", with: "cn=eng")
    connector.change { $0.mapping = both }
    partners.answer([assignment("ada"), assignment("ada", "Operations")])
    try await connector.apply(at: Connector.day(0))
    connector.change { $0.mapping = both.replacing("age: Operations", with: "age: Support") }
    partners.answer([assignment("ada", state: .delivering), assignment("ada", "Operations")])
    try await connector.apply(at: Connector.day(1))
    #expect(await target.members("cn=eng") == ["ada"])
  }

  @Test func `a source that left the configuration is held, and its ends are kept`() async throws {
    partners.answer([assignment("ada", end: Connector.day(5)), assignment("bob")])
    staff.answer([assignment("eve"), assignment("dan", "Operations")])
    try await connector.apply(at: Connector.day(0))
    connector.change { $0.sources = [staff] }
    let report = try await connector.apply(at: Connector.day(1))
    #expect(report.verdict == .partlyApplied)
    #expect(report.nextBoundary == Connector.day(5))
    #expect(report.sources.map(\.source) == ["staff"])
    #expect(await target.members("cn=eng") == ["ada", "bob", "eve"])
    let reasons = report.targets[0].approved?.plan.holds.map(\.reason) ?? []
    #expect(reasons.contains { $0.contains("partners") && $0.contains("not configured") })

    try await connector.apply(at: Connector.day(5))
    #expect(await target.members("cn=eng") == ["bob", "eve"])
    #expect(await target.isDisabled("ada"))
  }

  @Test func `a source that left the configuration holds nothing of the others`() async throws {
    partners.answer([assignment("bob")])
    staff.answer([assignment("eve"), assignment("dan")])
    try await connector.apply(at: Connector.day(0))
    connector.change { setup in
      setup.sources = [staff]
      setup.mapping = Connector.mapping.replacing("cn=eng", with: "cn=ops")
    }
    try await connector.apply(at: Connector.day(1))
    #expect(await target.members("cn=eng") == ["bob"])
    #expect(await target.members("cn=ops") == ["dan", "eve"])
  }

  @Test func `a target that cannot be read leaves the others alone`() async throws {
    let other = InMemoryTarget(groups: ["cn=eng"], id: "other")
    connector.change { setup in
      setup.targets = [target, other]
      setup.mapping += """

          - target: other
            attributes: { uid: '[uid]' }
        """
      setup.mapping = setup.mapping.replacing(
        "- { target: memory, group: cn=eng }",
        with: "- { target: memory, group: cn=eng }\n      - { target: other, group: cn=eng }")
    }
    await target.set(.init(reading: .throwing(.stopTarget)))
    partners.answer([assignment("ada")])
    let report = try await connector.apply(at: Connector.day(0))
    #expect(report.verdict == .unavailable)
    #expect(report.targets.map { $0.failure == nil } == [false, true])
    #expect(await other.members("cn=eng") == ["ada"])
    #expect(await target.writes == 0)
    #expect(try await connector.owned() == [])
    await target.set(.init())
    #expect(try await connector.apply(at: Connector.day(1)).verdict == .converged)
    #expect(await target.members("cn=eng") == ["ada"])
  }
}
