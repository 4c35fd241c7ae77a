import AccessModel
import ConnectorTesting
import Planning
import Reconciling
import Testing

/// Limits over whole runs, and runs narrowed to a part.
struct LimitedRunTests {
  private let source = FakeSource(id: "partners")
  private let target = InMemoryTarget(groups: ["cn=eng", "cn=ops"])
  private let connector: Connector
  private let names = (1...9).map { SubjectID("s\($0)") }

  init() throws {
    connector = try Connector(source, target)
  }

  private func lose(_ count: Int) async throws {
    source.answer(names.map { assignment($0) })
    try await connector.apply(at: Connector.day(0))
    source.answer(names.dropFirst(count).map { assignment($0) })
  }

  @Test func `what the limits hold is released once by its digest`() async throws {
    try await lose(4)
    let held = try await connector.apply(at: Connector.day(1))
    #expect(held.verdict == .heldByLimits)
    #expect(await target.members("cn=eng").count == 9)
    #expect(held.targets[0].heldLines.count == 8)
    let digest = try #require(held.targets[0].approved?.heldDigest)

    let again = try await connector.apply(at: Connector.day(1, .seconds(60)))
    #expect(again.targets[0].approved?.heldDigest == digest)

    try await connector.approve(digest.description, at: Connector.day(1, .seconds(120)))
    let now = Connector.day(1, .seconds(180))
    #expect(try await connector.apply(at: now).verdict == .converged)
    #expect(await target.members("cn=eng").count == 5)
    #expect(try await connector.store().openApprovals(now: now).isEmpty)

    try await lose(4)
    #expect(try await connector.apply(at: Connector.day(9)).verdict == .heldByLimits)
    #expect(await target.members("cn=eng").count == 9)
  }

  @Test func `an approval lapses after a day`() async throws {
    try await lose(4)
    let held = try await connector.apply(at: Connector.day(1))
    let digest = try #require(held.targets[0].approved?.heldDigest).description
    try await connector.approve(digest, at: Connector.day(1))
    #expect(try await connector.apply(at: Connector.day(2)).verdict == .heldByLimits)
    #expect(await target.members("cn=eng").count == 9)
  }

  @Test func `an approval does not cover one removal more`() async throws {
    try await lose(4)
    let held = try await connector.apply(at: Connector.day(1))
    let digest = try #require(held.targets[0].approved?.heldDigest).description
    try await connector.approve(digest, at: Connector.day(1))
    source.answer(names.dropFirst(5).map { assignment($0) })
    #expect(try await connector.apply(at: Connector.day(1)).verdict == .heldByLimits)
    #expect(await target.members("cn=eng").count == 9)
  }

  @Test func `what an emptied source has lost stays held when the source then fails`() async throws
  {
    source.answer([assignment("ada")])
    try await connector.apply(at: Connector.day(0))
    source.answer([])
    #expect(try await connector.apply(at: Connector.day(1)).verdict == .heldByLimits)
    source.fail()
    let report = try await connector.apply(at: Connector.day(2))
    #expect(report.targets[0].lines == [])
    #expect(await target.members("cn=eng") == ["ada"])
    source.answer([])
    #expect(try await connector.apply(at: Connector.day(3)).verdict == .heldByLimits)
  }

  private func mapping(_ packages: [String]) -> String {
    let rules = packages.map {
      "  - accessPackage: \($0)\n    entitlements: [{ target: memory, group: cn=eng }]\n"
    }
    return "version: 1\npackages:\n" + rules.joined()
      + "accounts: [{ target: memory, attributes: { uid: '[uid]' } }]\n"
  }

  @Test(arguments: [(Duration.seconds(3_600), 0), (.seconds(90_000), 2)])
  func `R5: what the mapping took within a day counts with what it takes now`(
    later: Duration, removed: Int
  ) async throws {
    connector.change { $0.mapping = mapping(["Engineering", "Desk", "Night"]) }
    source.answer(
      (1...16).map { assignment(SubjectID("e\($0)")) }
        + ["d1", "d2"].map { assignment($0, "Desk") }
        + ["n1", "n2"].map { assignment($0, "Night") })
    try await connector.apply(at: Connector.day(0))
    connector.change { $0.mapping = mapping(["Engineering", "Desk"]) }
    #expect(try await connector.apply(at: Connector.day(1)).verdict == .converged)
    #expect(await target.members("cn=eng").count == 18)
    connector.change { $0.mapping = mapping(["Engineering"]) }
    let report = try await connector.apply(at: Connector.day(1, later))
    #expect((report.verdict == .heldByLimits) == (removed == 0))
    #expect(await target.members("cn=eng").count == 18 - removed)
  }

  @Test func `limits delay nothing that has expired`() async throws {
    source.answer(names.map { assignment($0, end: Connector.day(3)) })
    try await connector.apply(at: Connector.day(0))
    source.answer(names.dropFirst(5).map { assignment($0, end: Connector.day(3)) })
    #expect(try await connector.apply(at: Connector.day(1)).verdict == .heldByLimits)
    #expect(await target.members("cn=eng").count == 9)
    source.fail()
    let report = try await connector.apply(at: Connector.day(2))
    #expect(report.nextBoundary == Connector.day(3))
    try await connector.apply(at: Connector.day(3))
    #expect(await target.members("cn=eng") == [])
  }

  @Test(arguments: [1, 2, 9])
  func `a source that suddenly lists nobody is held for as long as it does`(count: Int)
    async throws
  {
    source.answer(names.prefix(count).map { assignment($0) })
    try await connector.apply(at: Connector.day(0))
    source.answer([])
    for day in 1...4 {
      #expect(try await connector.apply(at: Connector.day(day)).verdict == .heldByLimits)
      #expect(await target.members("cn=eng").count == count)
    }
  }

  @Test func `removals trickling in below the limit add up over a day`() async throws {
    source.answer(names.map { assignment($0) })
    try await connector.apply(at: Connector.day(0))
    source.answer(names.dropFirst(1).map { assignment($0) })
    try await connector.apply(at: Connector.day(1))
    #expect(await target.members("cn=eng").count == 8)
    source.answer(names.dropFirst(2).map { assignment($0) })
    try await connector.apply(at: Connector.day(1, .seconds(1800)))
    #expect(await target.members("cn=eng").count == 7)
    source.answer(names.dropFirst(3).map { assignment($0) })
    let report = try await connector.apply(at: Connector.day(1, .seconds(3600)))
    #expect(report.verdict == .heldByLimits)
    #expect(await target.members("cn=eng").count == 7)
    #expect(try await connector.apply(at: Connector.day(3)).verdict == .converged)
    #expect(await target.members("cn=eng").count == 6)
  }

  @Test func `narrowing a run to one subject does not slip past the limits`() async throws {
    try await lose(4)
    let narrow = try await connector.apply(at: Connector.day(1), Selection(subject: "s1"))
    #expect(narrow.verdict == .heldByLimits)
    #expect(
      narrow.targets[0].heldLines == [
        "removeMember cn=eng s1 absent", "disableAccount s1 absent",
      ])
    #expect(await target.members("cn=eng").count == 9)
    let digest = try #require(narrow.targets[0].approved?.heldDigest).description
    try await connector.approve(digest, at: Connector.day(1))
    try await connector.apply(at: Connector.day(1), Selection(subject: "s1"))
    #expect(await target.members("cn=eng").count == 8)
  }

  @Test func `a run for one subject changes nobody else`() async throws {
    source.answer([assignment("ada"), assignment("bob"), assignment("ada", "Operations")])
    let report = try await connector.apply(at: Connector.day(0), Selection(subject: "ada"))
    #expect(
      report.targets[0].lines == [
        "createAccount ada", "addMember cn=eng ada", "addMember cn=ops ada",
      ])
    #expect(await target.members("cn=eng") == ["ada"])
    try await connector.apply(at: Connector.day(0))
    #expect(await target.members("cn=eng") == ["ada", "bob"])
  }

  @Test func `a run for one package changes nothing of the others`() async throws {
    source.answer([
      assignment("ada"), assignment("bob", end: Connector.day(1)),
      assignment("ada", "Operations", end: Connector.day(1)),
    ])
    try await connector.apply(at: Connector.day(0), Selection(package: "Operations"))
    #expect(await target.members("cn=eng") == [])
    #expect(await target.members("cn=ops") == ["ada"])
    try await connector.apply(at: Connector.day(0))
    try await connector.apply(at: Connector.day(1), Selection(package: "Operations"))
    #expect(await target.members("cn=eng") == ["ada", "bob"])
    #expect(await target.members("cn=ops") == [])
  }

  @Test func `a run for one subject creates only the groups it needs`() async throws {
    let target = InMemoryTarget(
      id: "memory", directory: InMemoryDirectory(), createsMissingGroups: true)
    let connector = try Connector(source, target)
    source.answer([assignment("ada"), assignment("bob", "Operations"), assignment("bob")])
    for selection in [Selection(subject: "ada"), Selection(package: "Engineering")] {
      try await connector.apply(at: Connector.day(0), selection)
      #expect(await target.directory.groups.keys.sorted() == ["cn=eng"])
    }
    #expect(await target.members("cn=eng") == ["ada", "bob"])
  }

  @Test func `a run for a package creates the groups that others need as well`() async throws {
    let target = InMemoryTarget(
      id: "memory", directory: InMemoryDirectory(), createsMissingGroups: true)
    let connector = try Connector(
      source, target, mapping: Connector.mapping.replacing("cn=ops", with: "cn=eng"))
    source.answer([assignment("ada"), assignment("bob", "Operations")])
    try await connector.apply(at: Connector.day(0), Selection(package: "Operations"))
    #expect(await target.members("cn=eng") == ["bob"])
  }

  @Test func `a run for one target leaves the others unread`() async throws {
    let other = InMemoryTarget(groups: [], id: "other")
    connector.change { $0.targets = [target, other] }
    source.answer([assignment("ada")])
    let report = try await connector.apply(at: Connector.day(0), Selection(targets: ["memory"]))
    #expect(report.targets.map(\.target) == ["memory"])
    #expect(await other.readings == 0)
    #expect(await target.readings == 1)
  }

  @Test func `planning writes nothing anywhere`() async throws {
    source.answer([assignment("ada")])
    let report = try await connector.plan(at: Connector.day(0))
    #expect(report.verdict == .pending)
    #expect(await target.writes == 0)
    #expect(try await connector.journal() == [])
    #expect(try await connector.store().knownSources() == [])
  }

  /// Accounts that somebody deleted by hand while the limits hold their memberships.
  @Test func `what is held stays known when its account is deleted by another hand`() async throws {
    try await lose(4)
    try await target.edit { directory throws(InMemoryDirectory.Refusal) in
      try directory.deleteAccount(InMemoryTarget.accountKey(uid: "s1"))
    }
    for day in 1...3 {
      #expect(try await connector.apply(at: Connector.day(day)).verdict == .heldByLimits)
      #expect(try await connector.owned().contains("cn=eng s1 created"))
    }
    let held = try await connector.plan(at: Connector.day(3))
    let digest = try #require(held.targets[0].approved?.heldDigest).description
    try await connector.approve(digest, at: Connector.day(3))
    #expect(try await connector.apply(at: Connector.day(3)).verdict == .converged)
    #expect(await target.members("cn=eng") == ["s5", "s6", "s7", "s8", "s9"])
    let owned = try await connector.store().ownership(of: "memory")
    #expect(owned.accounts.contains { $0.subject == "s1" })
    try await connector.apply(at: Connector.day(4))
    #expect(
      try await !connector.store().ownership(of: "memory").accounts.contains { $0.subject == "s1" })
  }
}
