import AccessModel
import ConnectorTesting
import Planning
import Reconciling
import Testing

/// What a run could not do keeps shouting, and what fails again and again is set aside.
struct WaitingTests {
  private let source = FakeSource(id: "partners")
  private let target = InMemoryTarget(groups: ["cn=eng", "cn=ops"])
  private let connector: Connector
  private let names = (1...9).map { SubjectID("s\($0)") }

  init() throws {
    connector = try Connector(source, target)
  }

  private func freeName() async throws {
    try await target.edit { directory throws(InMemoryDirectory.Refusal) in
      try directory.deleteAccount(InMemoryTarget.accountKey(uid: "mallory"))
    }
  }

  @Test func `R6: removals held by limits are told in every run, with their age`() async throws {
    source.answer(names.map { assignment($0) })
    try await connector.apply(at: Connector.day(0))
    source.answer(names.dropFirst(4).map { assignment($0) })
    let first = try await connector.apply(at: Connector.day(1))
    #expect(first.waiting.map(\.obstacle) == [.limits])
    #expect(first.waiting.map(\.count) == [8])
    #expect(first.waiting.map(\.since) == [Connector.day(1)])
    #expect(first.waiting.map(\.digest) == [first.targets[0].approved?.heldDigest?.description])
    #expect(!first.waiting[0].isOverdue)

    let second = try await connector.apply(at: Connector.day(3))
    #expect(second.waiting.map(\.since) == [Connector.day(1)])
    #expect(second.waiting[0].isOverdue)
    #expect(second.verdict == .heldByLimits)
    #expect(
      second.summary(exitCode: 3).messages.contains { $0.contains("48 h") || $0.contains("2 d") })
    // Looking tells it too.
    #expect(try await connector.plan(at: Connector.day(3)).waiting == second.waiting)

    // One comes back: the rest has waited as long as it has.
    source.answer(names.dropFirst(3).map { assignment($0) })
    let third = try await connector.apply(at: Connector.day(4))
    #expect(third.waiting.map(\.count) == [6])
    #expect(third.waiting.map(\.since) == [Connector.day(1)])
    source.answer(names.map { assignment($0) })
    #expect(try await connector.apply(at: Connector.day(4)).waiting == [])
  }

  @Test func `L2: a removal that fails, or whose target is down, waits since its end`()
    async throws
  {
    let end = Connector.day(1)
    source.answer([assignment("ada", end: end), assignment("bob")])
    try await connector.apply(at: Connector.day(0))
    await target.set(.init(reading: .throwing(.retryLater)))
    let down = try await connector.apply(at: Connector.day(2, .seconds(1)))
    #expect(down.verdict == .unavailable)
    #expect(down.waiting.map(\.obstacle) == [.unreachable])
    #expect(down.waiting.map(\.since) == [end])
    #expect(down.waiting[0].isOverdue)

    // It answers again and refuses the removal. Nothing of how long it waited is forgotten.
    await target.set(.init(cutAtWrite: 0))
    let refused = try await connector.apply(at: Connector.day(3))
    #expect(refused.verdict != .converged)
    #expect(refused.waiting.map(\.since).min() == end)
    await target.set(.init())
    let done = try await connector.apply(at: Connector.day(3))
    #expect(done.waiting == [])
    #expect(done.verdict == .converged)
  }

  @Test func `L2: a run for one subject forgets nothing of the others`() async throws {
    source.answer(names.map { assignment($0) })
    try await connector.apply(at: Connector.day(0))
    source.answer(names.dropFirst(4).map { assignment($0) })
    let whole = try await connector.apply(at: Connector.day(1))
    let narrow = try await connector.apply(at: Connector.day(1), Selection(subject: "s9"))
    #expect(narrow.waiting == whole.waiting)
  }

  @Test func `a subject whose account is refused again and again is set aside until released`()
    async throws
  {
    let taken = ThievingTarget(memory: target, name: "mallory")
    connector.change { $0.targets = [taken] }
    source.answer([assignment("mallory"), assignment("bob")])
    var report = try await connector.apply(at: Connector.day(0))
    #expect(report.targets[0].troubles.map(\.failures) == [1])
    for run in 1...4 {
      try await freeName()
      report = try await connector.apply(at: Connector.day(0, .seconds(1_200 * run)))
    }
    #expect(report.targets[0].quarantined.map(\.subject) == ["mallory"])

    try await freeName()
    let writes = await target.writes
    connector.change { $0.targets = [target] }
    report = try await connector.apply(at: Connector.day(1))
    #expect(report.verdict == .partlyApplied)
    #expect(await target.writes == writes)
    #expect(report.targets[0].approved?.setAside.map(\.kind) == ["createAccount", "addMember"])
    #expect(report.summary(exitCode: 4).messages.contains { $0.contains("bellhop release memory") })

    let released = try await Quarantine.release(
      target: nil, subject: "mallory", by: "kim", reason: "the name is free", at: Connector.day(1),
      in: try connector.store())
    #expect(released.map(\.name) == ["memory, subject mallory"])
    #expect(try await connector.apply(at: Connector.day(1)).verdict == .converged)
    #expect(await target.members("cn=eng") == ["bob", "mallory"])
  }

  @Test func `R6: quarantine delays nothing that has expired`() async throws {
    source.answer([assignment("ada", end: Connector.day(1)), assignment("bob"), assignment("cem")])
    try await connector.apply(at: Connector.day(0))
    try await connector.store().setTroubles(
      [
        Trouble(
          target: "memory", subject: nil, failures: 9, firstAt: Connector.day(0),
          lastAt: Connector.day(0), quarantinedAt: Connector.day(0), reason: "it removed others")
      ], of: "memory")
    source.answer([assignment("ada", end: Connector.day(1)), assignment("bob"), assignment("dora")])
    let report = try await connector.apply(at: Connector.day(1))
    #expect(await target.members("cn=eng") == ["bob", "cem"])
    #expect(await target.isDisabled("ada"))
    #expect(report.waiting.map(\.obstacle) == [.quarantine])
    #expect(report.verdict == .partlyApplied)
  }

  @Test func `R5: a removal whose outcome was never recorded counts in the window`() async throws {
    source.answer(names.map { assignment($0) })
    try await connector.apply(at: Connector.day(0))
    // The process dies at a later and a later write, at last after the removal and before it can say so.
    for run in 0...1 {
      source.answer(names.dropFirst(run + 1).map { assignment($0) })
      for write in 2...9 where await target.members("cn=eng").count == 9 - run {
        await #expect(throws: LedgerError.self) {
          try await connector.apply(
            at: Connector.day(1, .seconds(60 * run)), crash: .init(write: write, takesEffect: false)
          )
        }
      }
    }
    #expect(await target.members("cn=eng").count == 7)
    source.answer(names.dropFirst(3).map { assignment($0) })
    #expect(
      try await connector.apply(at: Connector.day(1, .seconds(600))).verdict == .heldByLimits)
    #expect(await target.members("cn=eng").count == 7)
  }
}
