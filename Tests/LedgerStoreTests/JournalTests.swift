import AccessModel
import LedgerStore
import Testing

@Suite struct JournalTests {
  let state: TemporaryState
  let ledger: LedgerStore
  let ada = addition("ada", to: "staff", because: "asn-1")
  let bob = addition("bob", to: "guests", because: "asn-2")

  init() async throws {
    state = try TemporaryState()
    ledger = try await state.ledger()
  }

  @Test func `an intent has no outcome until it is settled`() async throws {
    let ids = try await ledger.intend([ada], target: "corp", run: "run-1", at: .minutes(1))
    #expect(
      try await ledger.journal(JournalQuery()) == [
        JournalEntry(
          id: ids[0], run: "run-1", target: "corp", change: ada, intendedAt: .minutes(1),
          outcome: nil, detail: nil, settledAt: nil)
      ])
    try await ledger.settle(
      [(ids[0], ada, .failed(.retryLater, reason: "busy"))], target: "corp", run: "run-1",
      at: .minutes(2))
    #expect(
      try await ledger.journal(JournalQuery()) == [
        JournalEntry(
          id: ids[0], run: "run-1", target: "corp", change: ada, intendedAt: .minutes(1),
          outcome: "failed", detail: "busy", settledAt: .minutes(2))
      ])
  }

  @Test func `every kind of change comes back as it was`() async throws {
    let reason = Reason(assignments: [.partners("cafe\u{301}")], repairsDrift: true)
    let known = account("ada", identity("ada"))
    let attributes = [AttributeChange(name: "cn", before: ["A"], after: [])]
    let changes: [Change] = [
      .createAccount(account("ada"), attributes, because: reason),
      .updateAccount(known, attributes, because: reason),
      .enableAccount(
        known, .set(["a": ["1", "2"], "b": [], "c": []]), attributes, because: reason),
      .disableAccount(known, .moveTo("ou=disabled"), because: absent),
      .deleteAccount(known, because: unmapped),
      .createGroup("staff", because: reason), ada,
      removal(nil, from: "staff", .operator(name: "eve", reason: "left")),
      removal("ada", from: "staff", .revoked(.partners("x"), state: "expired", seen: .nine)),
    ]
    try await ledger.carryOut(changes)
    #expect(
      try await ledger.journal(JournalQuery()).map(\.change) == Array(changes.reversed()))
  }

  @Test func `a query narrows by run, target, subject and group, newest first`() async throws {
    try await ledger.beginRun(
      RunRecord(id: "run-2", command: "run", actor: "cron", startedAt: .minutes(9)))
    let first = try await ledger.intend([ada, bob], target: "corp", run: "run-1", at: .nine)
    let second = try await ledger.intend([ada], target: "wiki", run: "run-2", at: .minutes(9))
    func ids(_ query: JournalQuery) async throws -> [JournalID] {
      try await ledger.journal(query).map(\.id)
    }
    #expect(try await ids(JournalQuery()) == [second[0], first[1], first[0]])
    #expect(try await ids(JournalQuery(limit: 1)) == [second[0]])
    #expect(try await ids(JournalQuery(run: "run-1")) == [first[1], first[0]])
    #expect(try await ids(JournalQuery(target: "wiki")) == [second[0]])
    #expect(try await ids(JournalQuery(subject: "ada")) == [second[0], first[0]])
    #expect(try await ids(JournalQuery(group: "guests")) == [first[1]])
    #expect(try await ids(JournalQuery(target: "corp", subject: "ada")) == [first[0]])
    #expect(try await ids(JournalQuery(subject: "nobody")).isEmpty)
  }

  @Test func `an outcome must belong to what was intended`() async throws {
    let ids = try await ledger.intend([ada], target: "corp", run: "run-1", at: .nine)
    await #expect(throws: LedgerError.self) {
      try await ledger.settle(
        [(ids[0], bob, .applied())], target: "corp", run: "run-1", at: .nine)
    }
    await #expect(throws: LedgerError.self) {
      try await ledger.settle(
        [(ids[0], ada, .applied())], target: "wiki", run: "run-1", at: .nine)
    }
    await #expect(throws: LedgerError.self) {
      try await ledger.settle(
        [(JournalID(99), ada, .applied())], target: "corp", run: "run-1", at: .nine)
    }
    #expect(try await ledger.journal(JournalQuery()).map(\.outcome) == [nil])
    #expect(try await ledger.membershipLines() == ["staff ada intended asn-1"])
  }

  @Test func `only an unknown outcome is followed by another`() async throws {
    let ids = try await ledger.carryOut([ada], .unknown(reason: "cut"))
    func settle(_ outcome: Outcome) async throws {
      try await ledger.settle(
        [(ids[0], ada, outcome)], target: "corp", run: "run-1", at: .minutes(3))
    }
    try await settle(.applied())
    #expect(try await ledger.journal(JournalQuery()).map(\.outcome) == ["applied"])
    #expect(try await ledger.membershipLines() == ["staff ada created asn-1"])
    await #expect(throws: LedgerError.self) { try await settle(.refused(reason: "no")) }
    #expect(try await ledger.journal(JournalQuery()).map(\.outcome) == ["applied"])
  }

  @Test(arguments: [
    "UPDATE intent SET change = '{}'", "DELETE FROM intent", "UPDATE outcome SET at = 0",
    "DELETE FROM outcome",
  ])
  func `the journal cannot be edited`(statement: String) async throws {
    try await ledger.carryOut([ada])
    let before = try await ledger.journal(JournalQuery())
    #expect(throws: SQLiteFailure.self) { try sqlite(state.folder.ledger, statement) }
    #expect(try await ledger.journal(JournalQuery()) == before)
  }

  @Test func `R5: limits count removals that only a reading proves, applied or perhaps applied`()
    async throws
  {
    let disabling = Change.disableAccount(
      account("ada", identity("ada")), .deactivate, because: absent)
    try await ledger.carryOut([removal("a", from: "staff", absent)], at: .minutes(0))
    try await ledger.carryOut(
      [
        removal("b", from: "staff", absent), removal("c", from: "guests", unmapped), disabling,
        removal("d", from: "staff", expired), ada,
      ], at: .minutes(10))
    let failed = removal("e", from: "staff", absent)
    for outcome: Outcome in [
      .alreadyInState(), .refused(reason: ""), .failed(.skipChange, reason: ""),
    ] {
      try await ledger.carryOut([failed], outcome, at: .minutes(11))
    }
    let counted = [
      removal("b", from: "staff", absent), removal("c", from: "guests", unmapped), disabling,
    ]
    func removals(from start: Int, through end: Int = 60) async throws -> Set<RecordedRemoval> {
      try await ledger.removals(from: .minutes(start), through: .minutes(end))
    }
    #expect(
      try await removals(from: 10) == Set(counted.map { RecordedRemoval($0, in: "corp") }))
    #expect(try await removals(from: 0).count == 4)
    #expect(try await removals(from: 0, through: 9).count == 1)
    #expect(try await removals(from: 11).isEmpty)

    // The process died before it could record what became of it, and so did the next one.
    let lost = removal("f", from: "staff", absent)
    for _ in 1...2 {
      _ = try await ledger.intend([lost], target: "corp", run: "run-1", at: .minutes(12))
    }
    try await ledger.carryOut(
      [removal("g", from: "staff", absent)], .unknown(reason: "cut off"), at: .minutes(12))
    #expect(try await removals(from: 12).compactMap(\.subject).sorted() == ["f", "g"])
  }

  @Test func `an empty batch is nothing`() async throws {
    #expect(try await ledger.intend([], target: "corp", run: "run-1", at: .nine).isEmpty)
    try await ledger.settle([], target: "corp", run: "run-1", at: .nine)
    #expect(try await ledger.ownership(of: "corp").memberships.count == 0)
  }
}
