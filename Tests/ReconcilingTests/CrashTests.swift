import AccessModel
import ConnectorTesting
import Planning
import Reconciling
import Testing

/// The process dies, or the connection does, and the next run must come to the same end.
struct CrashTests {
  private let source = FakeSource(id: "partners")
  private let target = InMemoryTarget(groups: ["cn=eng", "cn=ops"])
  private let connector: Connector

  init() throws {
    connector = try Connector(source, target)
  }

  private func giveAccess() {
    source.answer([
      assignment("ada", end: Connector.day(5)), assignment("bob", end: Connector.day(5)),
      assignment("ada", "Operations", end: Connector.day(5)), assignment("eve"),
    ])
  }

  private func expectAccess(_ words: Comment) async throws {
    #expect(await target.members("cn=eng") == ["ada", "bob", "eve"], words)
    #expect(await target.members("cn=ops") == ["ada"], words)
    #expect(await target.directory.accounts.count == 3, words)
    #expect(
      try await connector.owned() == [
        "cn=eng ada created", "cn=eng bob created", "cn=eng eve created", "cn=ops ada created",
      ], words)
  }

  private func expectEnd(_ words: Comment) async throws {
    #expect(await target.members("cn=eng") == ["eve"], words)
    #expect(await target.members("cn=ops") == [], words)
    for name in ["ada", "bob"] { #expect(await target.isDisabled(name), words) }
    #expect(try await connector.owned() == ["cn=eng eve created"], words)
    let owned = try await connector.store().ownership(of: "memory")
    #expect(owned.accounts.count { $0.disabledAt != nil } == 2, words)
  }

  private static let moments = (1...14).flatMap { write in
    [false, true].map { MortalLedger.Crash(write: write, takesEffect: $0) }
  }

  @Test(arguments: moments)
  func `a process that dies while access is given leaves nothing behind`(
    _ crash: MortalLedger.Crash
  ) async throws {
    giveAccess()
    do { try await connector.apply(at: Connector.day(0), crash: crash) } catch is LedgerError {}
    #expect(try await connector.apply(at: Connector.day(0)).verdict == .converged)
    try await expectAccess("\(crash)")
    #expect(try await connector.plan(at: Connector.day(0)).verdict == .converged)
    source.fail()
    try await connector.apply(at: Connector.day(5))
    try await expectEnd("\(crash)")
  }

  @Test(arguments: moments)
  func `a process that dies while access ends leaves nothing behind`(
    _ crash: MortalLedger.Crash
  ) async throws {
    giveAccess()
    try await connector.apply(at: Connector.day(0))
    source.fail()
    do { try await connector.apply(at: Connector.day(5), crash: crash) } catch is LedgerError {}
    try await connector.apply(at: Connector.day(5))
    try await expectEnd("\(crash)")
    let writes = await target.writes
    try await connector.apply(at: Connector.day(6))
    #expect(await target.writes == writes)
    try await connector.apply(at: Connector.day(35))
    #expect(await target.directory.accounts.count == 3)
    giveAccess()
    try await connector.apply(at: Connector.day(35))
    #expect(await target.directory.accounts.count == 1)
  }

  @Test(arguments: moments)
  func `what a dead process left behind is ours though its assignment ended before the next run`(
    _ crash: MortalLedger.Crash
  ) async throws {
    giveAccess()
    do { try await connector.apply(at: Connector.day(0), crash: crash) } catch is LedgerError {}
    source.answer([
      assignment("ada", end: Connector.day(5)), assignment("bob", end: Connector.day(5)),
      assignment("ada", "Operations", end: Connector.day(5)), assignment("eve"),
    ])
    try await connector.apply(at: Connector.day(5))
    #expect(await target.members("cn=eng") == ["eve"])
    #expect(await target.members("cn=ops") == [])
    for name in ["ada", "bob"] where await target.account(name) != nil {
      #expect(await target.isDisabled(name), "\(crash)")
    }
    try await connector.apply(at: Connector.day(6))
    let writes = await target.writes
    #expect(try await connector.apply(at: Connector.day(7)).verdict == .converged)
    #expect(await target.writes == writes)
  }

  @Test(arguments: (1...8).flatMap { write in [(write, false), (write, true)] })
  func `a connection lost at any write is made good by the next run`(
    write: Int, takesEffect: Bool
  ) async throws {
    giveAccess()
    await target.set(.init(cutAtWrite: write, cutAfterEffect: takesEffect))
    let cut = try await connector.apply(at: Connector.day(0))
    #expect(cut.verdict == (write <= 7 ? .partlyApplied : .converged))
    await target.set(.init())
    #expect(try await connector.apply(at: Connector.day(0)).verdict == .converged)
    try await expectAccess("write \(write)")
    source.fail()
    await target.set(.init(cutAtWrite: write, cutAfterEffect: takesEffect))
    try await connector.apply(at: Connector.day(5))
    await target.set(.init())
    try await connector.apply(at: Connector.day(5))
    try await expectEnd("write \(write)")
  }

  @Test func `an intent that was never sent is carried out by the next run`() async throws {
    giveAccess()
    let store = try connector.store()
    let context = try await connector.begin(at: Connector.day(0), store)
    let plan = try await connector.plan(at: Connector.day(0))
    let changes = try #require(plan.targets[0].approved?.plan.changes)
    _ = try await store.intend(changes, target: "memory", run: context.run, at: context.now)
    #expect(try await connector.apply(at: Connector.day(0)).verdict == .converged)
    try await expectAccess("intended only")
    #expect(try await connector.journal().filter { $0.hasSuffix("open") }.count == changes.count)
  }

  @Test(arguments: 1...3)
  func `a ledger that cannot be written stops everything before the first write`(
    write: Int
  ) async throws {
    giveAccess()
    await #expect(throws: LedgerError.self) {
      try await connector.apply(
        at: Connector.day(0), crash: .init(write: write, takesEffect: false))
    }
    #expect(await target.writes == 0)
  }

  @Test func `no target is written after the ledger failed for another`() async throws {
    let other = SlowTarget(InMemoryTarget(groups: ["cn=eng"], id: "other"))
    connector.change { setup in
      setup.targets = [target, other]
      setup.mapping += "\n  - { target: other, attributes: { uid: '[uid]' } }\n"
      setup.mapping = setup.mapping.replacing(
        "- { target: memory, group: cn=eng }",
        with: "- { target: memory, group: cn=eng }\n      - { target: other, group: cn=eng }")
    }
    source.answer([assignment("ada")])
    await #expect(throws: LedgerError.self) {
      try await connector.apply(
        at: Connector.day(0), crash: .init(write: 3, takesEffect: true, isDeath: false))
    }
    #expect(await other.memory.writes == 0)
  }
}

/// Takes its time to read, so that another target is ahead of it.
private struct SlowTarget: Target {
  let memory: InMemoryTarget

  init(_ memory: InMemoryTarget) { self.memory = memory }

  var id: TargetID { memory.id }
  var traits: TargetTraits { memory.traits }

  func entitlementKey(for name: String) throws(TargetError) -> EntitlementKey {
    try memory.entitlementKey(for: name)
  }

  func readActualState(_ scope: ManagedScope) async throws(TargetError) -> ActualState {
    do { try await Task.sleep(for: .milliseconds(200)) } catch {}
    return try await memory.readActualState(scope)
  }

  func apply(
    _ changes: [Change], progress: @Sendable (Progress) -> Void
  ) async throws(TargetError) -> [Outcome] {
    try await memory.apply(changes, progress: progress)
  }
}
