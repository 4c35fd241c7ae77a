import AccessModel
import ConnectorTesting
import Planning
import Reconciling
import Testing

/// What is ours, what was there before us, and what happens when the ledger forgets.
struct OwnershipTests {
  private let source = FakeSource(id: "partners")
  private let target = InMemoryTarget(groups: ["cn=eng", "cn=ops"])
  private let connector: Connector

  init() throws {
    connector = try Connector(source, target)
  }

  private func key(_ uid: String) -> AccountKey { InMemoryTarget.accountKey(uid: uid) }

  /// An account that somebody made by hand, and its membership.
  private func addByHand(_ uid: String, anchor: SubjectID? = nil) async throws {
    let key = key(uid)
    try await target.edit { directory throws(InMemoryDirectory.Refusal) in
      try directory.addAccount(key, anchor: anchor, attributes: ["uid": [uid]])
      try directory.addMember(key, to: "cn=eng")
    }
  }

  /// Ada has an account of ours but came into the group by another's hand.
  private func makePreExisting() async throws {
    source.answer([assignment("ada", "Operations")])
    try await connector.apply(at: Connector.day(0))
    let ada = key("ada")
    try await target.edit { directory throws(InMemoryDirectory.Refusal) in
      try directory.addMember(ada, to: "cn=eng")
    }
    source.answer([
      assignment("ada", "Operations"), assignment("ada", end: Connector.day(5)),
    ])
  }

  @Test func `a membership that was there before us survives its assignment`() async throws {
    try await makePreExisting()
    try await connector.apply(at: Connector.day(1))
    #expect(try await connector.owned() == ["cn=eng ada preExisting", "cn=ops ada created"])
    try await connector.apply(at: Connector.day(5))
    #expect(await target.members("cn=eng") == ["ada"])
  }

  @Test func `where we are told to adopt, it goes with its assignment`() async throws {
    try await makePreExisting()
    connector.change {
      $0.mapping = Connector.mapping.replacing("group: cn=eng", with: "group: cn=eng, adopt: true")
    }
    try await connector.apply(at: Connector.day(1))
    #expect(try await connector.owned() == ["cn=eng ada adopted", "cn=ops ada created"])
    try await connector.apply(at: Connector.day(5))
    #expect(await target.members("cn=eng") == [])
  }

  @Test func `members that are nobody's business of ours stay`() async throws {
    try await addByHand("mallory")
    source.answer([assignment("ada")])
    let report = try await connector.apply(at: Connector.day(0))
    #expect(
      report.targets[0].approved?.plan.findings
        == [.foreignMembers("cn=eng", count: 1, first: [key("mallory")])])
    source.answer([])
    try await connector.apply(at: Connector.day(1))
    #expect(await target.members("cn=eng").contains("mallory"))
  }

  @Test func `an exclusive group keeps only who should be in it`() async throws {
    try await addByHand("mallory")
    connector.change {
      $0.mapping = Connector.mapping.replacing(
        "group: cn=eng", with: "group: cn=eng, exclusive: true")
    }
    source.answer([assignment("ada")], coverage: .partial(reason: "cut"))
    try await connector.apply(at: Connector.day(0))
    #expect(await target.members("cn=eng") == ["ada", "mallory"])
    source.answer([assignment("ada")])
    try await connector.apply(at: Connector.day(1))
    #expect(await target.members("cn=eng") == ["ada"])
    #expect(await target.account("mallory") != nil)
  }

  @Test func `an exclusive group that was recreated is not emptied`() async throws {
    connector.change {
      $0.mapping = Connector.mapping.replacing(
        "group: cn=eng", with: "group: cn=eng, exclusive: true")
    }
    source.answer([assignment("ada")])
    try await connector.apply(at: Connector.day(0))
    try await target.edit { directory throws(InMemoryDirectory.Refusal) in
      try directory.deleteGroup("cn=eng")
      try directory.addGroup("cn=eng")
    }
    try await addByHand("mallory")
    try await connector.apply(at: Connector.day(1))
    #expect(await target.members("cn=eng") == ["mallory"])
  }

  @Test func `whoever may be the subject of a conflict stays in an exclusive group`() async throws {
    try await addByHand("ada")
    connector.change {
      $0.mapping = Connector.mapping.replacing(
        "group: cn=eng", with: "group: cn=eng, exclusive: true")
    }
    source.answer([assignment("ada")])
    let report = try await connector.apply(at: Connector.day(0))
    #expect(await target.members("cn=eng") == ["ada"])
    #expect(report.verdict == .partlyApplied)
    #expect(await target.writes == 0)
  }

  @Test func `without its ledger it writes nothing until told to take over`() async throws {
    source.answer([
      assignment("ada", end: Connector.day(5)), assignment("bob"),
    ])
    try await connector.apply(at: Connector.day(0))
    try connector.loseLedger()
    let writes = await target.writes
    source.answer([assignment("ada", end: Connector.day(5)), assignment("bob"), assignment("new")])
    for _ in 1...2 {
      let report = try await connector.apply(at: Connector.day(1))
      #expect(report.verdict == .ledgerLost)
      #expect(await target.writes == writes)
      #expect(try await connector.owned() == [])
    }

    try await connector.approve(
      Reconciler.takeoverDigest(of: "memory"), at: Connector.day(1))
    #expect(try await connector.apply(at: Connector.day(1)).verdict == .converged)
    #expect(
      try await connector.owned() == [
        "cn=eng ada adopted", "cn=eng bob adopted", "cn=eng new created",
      ])
    source.fail()
    try await connector.apply(at: Connector.day(5))
    #expect(await target.members("cn=eng") == ["bob", "new"])
    #expect(await target.isDisabled("ada"))
  }

  @Test func `a lost ledger is noticed by the accounts of those who have no access now`()
    async throws
  {
    source.answer([assignment("ada", end: Connector.day(1))])
    try await connector.apply(at: Connector.day(0))
    try connector.loseLedger()
    source.answer([assignment("ada", end: Connector.day(1)), assignment("new")])
    #expect(try await connector.apply(at: Connector.day(2)).verdict == .ledgerLost)
    #expect(await target.account("new") == nil)
  }

  @Test func `being told to take over counts once`() async throws {
    source.answer([assignment("ada")])
    try await connector.apply(at: Connector.day(0))
    try connector.loseLedger()
    try await connector.approve(
      Reconciler.takeoverDigest(of: "memory"), at: Connector.day(1))
    try await connector.apply(at: Connector.day(1))
    let ada = key("ada")
    try await target.edit { directory throws(InMemoryDirectory.Refusal) in
      try directory.addMember(ada, to: "cn=ops")
    }
    source.answer([assignment("ada"), assignment("ada", "Operations")])
    try await connector.apply(at: Connector.day(1, .seconds(60)))
    #expect(try await connector.owned() == ["cn=eng ada adopted", "cn=ops ada preExisting"])
  }

  @Test func `a first run beside accounts that carry no anchor of ours is no loss`() async throws {
    try await addByHand("mallory", anchor: "E-1047")
    source.answer([assignment("ada")])
    #expect(try await connector.apply(at: Connector.day(0)).verdict == .converged)
    #expect(await target.members("cn=eng") == ["ada", "mallory"])
  }
}
