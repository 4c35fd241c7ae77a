import AccessModel
import ConnectorTesting
import Planning
import Reconciling
import Testing

/// A target is put back to an older copy between two runs; the ledger is not.
struct RestoredTargetTests {
  private let source = FakeSource(id: "partners")
  private let target = InMemoryTarget(groups: ["cn=eng", "cn=ops"])
  private let connector: Connector

  init() throws {
    connector = try Connector(source, target)
  }

  private func restore(_ copy: InMemoryDirectory) async { await target.edit { $0.restore(copy) } }

  @Test
  func `L1: what had ended goes again, what had been added comes again, and then all is well`()
    async throws
  {
    source.answer([assignment("ada", end: Connector.day(5)), assignment("bob")])
    try await connector.apply(at: Connector.day(0))
    let copy = await target.directory
    source.answer([
      assignment("ada", end: Connector.day(5)), assignment("bob"), assignment("cy"),
    ])
    try await connector.apply(at: Connector.day(5))
    #expect(await target.members("cn=eng") == ["bob", "cy"])
    #expect(await target.isDisabled("ada"))

    await restore(copy)
    #expect(await target.members("cn=eng") == ["ada", "bob"])
    let report = try await connector.apply(at: Connector.day(6))
    #expect(await target.members("cn=eng") == ["bob", "cy"])
    #expect(await target.isDisabled("ada"))
    #expect(report.targets[0].lines.contains("removeMember cn=eng ada expired"))
    #expect(report.verdict == .converged)
    let writes = await target.writes
    #expect(try await connector.apply(at: Connector.day(7)).verdict == .converged)
    #expect(await target.writes == writes)
    #expect(try await connector.owned() == ["cn=eng bob created", "cn=eng cy created"])
  }

  @Test func `L1: an ended access is found again while its source is down`() async throws {
    source.answer([assignment("ada", end: Connector.day(5)), assignment("bob")])
    try await connector.apply(at: Connector.day(0))
    let copy = await target.directory
    try await connector.apply(at: Connector.day(5))
    await restore(copy)
    source.fail()
    try await connector.apply(at: Connector.day(6))
    #expect(await target.members("cn=eng") == ["bob"])
  }

  @Test func `R7: what somebody adds by hand after its end stays, and is told`() async throws {
    source.answer([assignment("ada", end: Connector.day(5)), assignment("bob")])
    try await connector.apply(at: Connector.day(0))
    try await connector.apply(at: Connector.day(5))
    let ada = InMemoryTarget.accountKey(uid: "ada")
    try await target.edit { directory throws(InMemoryDirectory.Refusal) in
      try directory.addMember(ada, to: "cn=eng")
    }
    for day in 6...7 {
      let report = try await connector.apply(at: Connector.day(day))
      #expect(await target.members("cn=eng") == ["ada", "bob"])
      #expect(report.verdict == .converged)
      #expect(
        report.targets[0].approved?.plan.findings.contains {
          if case .addedAgain(_, "cn=eng", "ada") = $0 { true } else { false }
        } == true)
    }
  }

  /// Our own additions make the group newer than the copy that brought the others back.
  @Test func `R5: what comes back is limited by its cause, and is not forgotten while it is held`()
    async throws
  {
    let names: [SubjectID] = ["ada", "bob", "cy", "dan"]
    source.answer(names.map { assignment($0) } + [assignment("eve")])
    try await connector.apply(at: Connector.day(0))
    let copy = await target.directory
    source.answer([assignment("eve"), assignment("fay")])
    let held = try await connector.apply(at: Connector.day(1))
    let digest = try #require(held.targets[0].approved?.heldDigest?.description)
    try await connector.approve(digest, at: Connector.day(1))
    try await connector.apply(at: Connector.day(1))
    #expect(await target.members("cn=eng") == ["eve", "fay"])

    await restore(copy)
    for day in 3...4 {
      let report = try await connector.apply(at: Connector.day(day))
      #expect(report.verdict == .heldByLimits)
      #expect(
        names.allSatisfy {
          report.targets[0].heldLines.contains("removeMember cn=eng \($0) absent")
        })
      #expect(await target.members("cn=eng") == ["ada", "bob", "cy", "dan", "eve", "fay"])
    }
    let again = try await connector.plan(at: Connector.day(4))
    try await connector.approve(
      try #require(again.targets[0].approved?.heldDigest?.description), at: Connector.day(4))
    try await connector.apply(at: Connector.day(4))
    #expect(await target.members("cn=eng") == ["eve", "fay"])
  }

  @Test
  func `R12: an account that was deleted and comes back is disabled, and deleted in its time`()
    async throws
  {
    source.answer([assignment("ada", end: Connector.day(5)), assignment("bob")])
    try await connector.apply(at: Connector.day(0))
    let copy = await target.directory
    try await connector.apply(at: Connector.day(5))
    try await connector.apply(at: Connector.day(36))
    #expect(await target.account("ada") == nil)

    await restore(copy)
    let report = try await connector.apply(at: Connector.day(37))
    #expect(report.verdict == .converged)
    #expect(await target.members("cn=eng") == ["bob"])
    #expect(await target.isDisabled("ada"))
    try await connector.apply(at: Connector.day(60))
    #expect(await target.account("ada") != nil)
    try await connector.apply(at: Connector.day(68))
    #expect(await target.account("ada") == nil)
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func `C3: put back to any earlier day, the target comes to the same state`(seed: UInt64)
    async throws
  {
    var random = Seeded(state: seed)
    let names: [SubjectID] = ["ada", "bob", "cy", "dan", "eve"]
    let assignments = names.flatMap { name in
      ["Engineering", "Operations"].map { package in
        assignment(
          name, package, start: Connector.day(.random(in: 0...6, using: &random)),
          end: Connector.day(.random(in: 7...12, using: &random)))
      }
    }
    source.answer(assignments)
    var copies: [InMemoryDirectory] = []
    for day in 0...12 {
      try await connector.apply(at: Connector.day(day))
      copies.append(await target.directory)
    }
    await restore(copies[.random(in: 0..<12, using: &random)])
    let report = try await connector.apply(at: Connector.day(13))
    #expect(report.verdict == .converged)
    #expect(await target.members("cn=eng") == [])
    #expect(await target.members("cn=ops") == [])
    // A copy from before its first day has no account of it.
    for name in names.map(\.rawValue) where await target.account(name) != nil {
      #expect(await target.isDisabled(name))
    }
  }

  private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ (state >> 33)
    }
  }
}
