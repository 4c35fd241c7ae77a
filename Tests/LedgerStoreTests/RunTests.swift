import AccessModel
import LedgerStore
import Testing

@Suite struct RunTests {
  let state: TemporaryState
  let ledger: LedgerStore

  init() async throws {
    state = try TemporaryState()
    ledger = try state.open()
  }

  @Test func `a new ledger knows no run and no instant`() async throws {
    #expect(try await ledger.runs(limit: 10).isEmpty)
  }

  @Test func `runs come back newest first, with how they ended`() async throws {
    let summary = RunSummary(
      exitCode: 4, applied: 2, failed: 1, held: 3, messages: ["corp: 3 removals are held"])
    try await ledger.beginRun(.first)
    try await ledger.endRun("run-1", at: .minutes(2), summary: summary)
    let second = RunRecord(id: "run-2", command: "run", actor: "cron", startedAt: .minutes(15))
    try await ledger.beginRun(second)

    var first = RunRecord.first
    first.endedAt = .minutes(2)
    first.summary = summary
    #expect(try await ledger.runs(limit: 10) == [second, first])
    #expect(try await ledger.runs(limit: 1) == [second])
    #expect(try await ledger.runs(limit: 0).isEmpty)
  }

  @Test func `a run begins once`() async throws {
    try await ledger.beginRun(.first)
    await #expect(throws: LedgerError.self) { try await ledger.beginRun(.first) }
    #expect(try await ledger.runs(limit: 10) == [.first])
  }

  @Test func `nothing is recorded for a run that never began`() async throws {
    let change = addition("ada", to: "staff", because: "asn-1")
    let error = await #expect(throws: LedgerError.self) {
      try await ledger.intend([change], target: "corp", run: "run-9", at: .nine)
    }
    #expect(error?.message.contains("run run-9 was never begun") == true)
    await #expect(throws: LedgerError.self) {
      try await ledger.note([.accountGone("ada")], target: "corp", run: "run-9")
    }
    await #expect(throws: LedgerError.self) {
      try await ledger.endRun(
        "run-9", at: .nine,
        summary: RunSummary(exitCode: 0, applied: 0, failed: 0, held: 0, messages: []))
    }
    #expect(try await ledger.ownership(of: "corp").memberships.count == 0)
  }

  @Test func `a cancelled task still gets its write done`() async throws {
    let ledger = ledger
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await ledger.beginRun(.first)
    }
    try await task.value
    #expect(try await ledger.runs(limit: 10) == [.first])
  }
}
