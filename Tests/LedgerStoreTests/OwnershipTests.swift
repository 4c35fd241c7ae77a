import AccessModel
import LedgerStore
import Testing

@Suite struct OwnershipTests {
  let state: TemporaryState
  let ledger: LedgerStore
  let ada = addition("ada", to: "staff", because: "asn-1")

  init() async throws {
    state = try TemporaryState()
    ledger = try await state.ledger()
  }

  @Test func `what was never written to is a first run`() async throws {
    let ownership = try await ledger.ownership(of: "corp")
    #expect(ownership.isFirstRun)
    #expect(ownership.memberships.count == 0)
    #expect(ownership.target == "corp")
  }

  @Test func `what was meant to be written ends the first run`() async throws {
    _ = try await ledger.intend([ada], target: "corp", run: "run-1", at: .nine)
    #expect(try await ledger.ownership(of: "corp").isFirstRun == false)
    #expect(try await ledger.ownership(of: "wiki").isFirstRun)
  }

  @Test func `a note ends the first run, and no notes do not`() async throws {
    try await ledger.note([], target: "corp", run: "run-1")
    #expect(try await ledger.ownership(of: "corp").isFirstRun)
    try await ledger.note(
      [.group("staff", immutableID: "g-1", origin: .preExisting)], target: "corp", run: "run-1")
    let ownership = try await ledger.ownership(of: "corp")
    #expect(!ownership.isFirstRun)
    #expect(ownership.groups == [.init(key: "staff", immutableID: "g-1", origin: .preExisting)])
  }

  @Test func `an intent that was never settled is known again`() async throws {
    _ = try await ledger.intend([ada], target: "corp", run: "run-1", at: .nine)
    #expect(try await ledger.membershipLines() == ["staff ada intended asn-1"])
  }

  enum Before: CaseIterable {
    case nothing, intendedEarlier, created, adopted, preExisting
  }

  private static let settled: [(Before, Outcome, String?)] = [
    (.nothing, .applied(), "created"),
    (.nothing, .alreadyInState(), "preExisting"),
    (.nothing, .refused(reason: "no"), nil),
    (.nothing, .failed(.skipChange, reason: "no"), nil),
    (.nothing, .unknown(reason: "cut"), "intended"),
    (.intendedEarlier, .applied(), "created"),
    (.intendedEarlier, .alreadyInState(), "created"),
    (.intendedEarlier, .refused(reason: "no"), "intended"),
    (.intendedEarlier, .unknown(reason: "cut"), "intended"),
    (.created, .alreadyInState(), "created"),
    (.created, .failed(.retryLater, reason: "busy"), "created"),
    (.created, .unknown(reason: "cut"), "created"),
    (.adopted, .alreadyInState(), "adopted"),
    (.preExisting, .alreadyInState(), "preExisting"),
    (.preExisting, .refused(reason: "no"), "preExisting"),
    (.preExisting, .applied(), "created"),
  ]

  @Test(arguments: settled)
  func `an addition leaves what its outcome proves`(
    before: Before, outcome: Outcome, origin: String?
  ) async throws {
    func note(_ origin: Ownership.Origin) async throws {
      try await ledger.note(
        [.membership("staff", "ada", origin: origin, because: [.partners("asn-1")])],
        target: "corp", run: "run-1")
    }
    switch before {
    case .nothing: break
    case .intendedEarlier:
      _ = try await ledger.intend([ada], target: "corp", run: "run-1", at: .nine)
    case .created: try await note(.created)
    case .adopted: try await note(.adopted)
    case .preExisting: try await note(.preExisting)
    }
    try await ledger.carryOut([ada], outcome)
    #expect(try await ledger.membershipLines() == (origin.map { ["staff ada \($0) asn-1"] } ?? []))
  }

  @Test(arguments: [
    (Outcome.applied(), false), (.alreadyInState(), false), (.unknown(reason: "cut"), true),
    (.refused(reason: "no"), true), (.failed(.stopTarget, reason: "no"), true),
  ])
  func `a membership is owned until its removal is done`(
    outcome: Outcome, isOwned: Bool
  ) async throws {
    try await ledger.carryOut([ada])
    _ = try await ledger.intend(
      [removal("ada", from: "staff", expired)], target: "corp", run: "run-1", at: .nine)
    #expect(try await ledger.membershipLines() == ["staff ada created asn-1"])
    try await ledger.carryOut([removal("ada", from: "staff", expired)], outcome)
    #expect(try await ledger.membershipLines().isEmpty != isOwned)
  }

  @Test func `a removal leaves a tombstone that says when and why`() async throws {
    try await ledger.carryOut([ada])
    try await ledger.carryOut([removal("ada", from: "staff", expired)], at: .minutes(4))
    let rows = try sqlite(
      state.folder.ledger,
      """
      SELECT subject.name, removed_at, json_extract(ending, '$.expired.end')
      FROM tombstone JOIN subject ON subject.id = subject
      """)
    #expect(rows == "ada|\(Instant.minutes(4).microseconds)|\(Instant.nine)\n")
  }

  @Test func `what comes back after a removal is a new membership`() async throws {
    try await ledger.carryOut([ada])
    try await ledger.carryOut([removal("ada", from: "staff", expired)])
    try await ledger.carryOut([addition("ada", to: "staff", because: "asn-9")])
    #expect(try await ledger.membershipLines() == ["staff ada created asn-9"])
  }

  @Test func `a stranger's removal changes nothing we own`() async throws {
    try await ledger.carryOut([ada, removal(nil, from: "staff", unmapped)])
    #expect(try await ledger.membershipLines() == ["staff ada created asn-1"])
  }

  @Test func `memberships are sorted by the bytes of group and subject`() async throws {
    try await ledger.carryOut([
      addition("z", to: "b", because: "asn-3", "asn-1"), addition("ä", to: "a", because: "asn-2"),
      addition("z", to: "a", because: "asn-2", "asn-1"), addition("B", to: "b", because: "asn-1"),
    ])
    try await ledger.carryOut([addition("x", to: "c", because: "asn-4")], target: "wiki")

    let ownership = try await ledger.ownership(of: "corp")
    #expect(ownership.groupKeys == ["a", "b"])
    #expect(ownership.subjects == ["B", "z", "ä"])
    #expect(
      try await ledger.membershipLines() == [
        "a z created asn-2 asn-1", "a ä created asn-2", "b B created asn-1",
        "b z created asn-3 asn-1",
      ])
    #expect(Set(ownership.reasons.assignments.map(\.id)) == ["asn-1", "asn-2", "asn-3"])
  }

  @Test func `notes replace what was known, and remove what is gone`() async throws {
    try await ledger.note(
      [
        .membership("staff", "ada", origin: .preExisting, because: [.partners("asn-1")]),
        .membership("staff", "bob", origin: .created, because: []),
      ], target: "corp", run: "run-1")
    try await ledger.note(
      [
        .membership("staff", "ada", origin: .adopted, because: [.partners("asn-2")]),
        .membershipGone("staff", "bob"), .membershipGone("staff", "nobody"),
      ], target: "corp", run: "run-1")
    #expect(try await ledger.membershipLines() == ["staff ada adopted asn-2"])
  }

  @Test func `a failing batch leaves no part of it`() async throws {
    await #expect(throws: LedgerError.self) {
      try await ledger.note(
        [
          .membership("staff", "ada", origin: .created, because: []),
          .membership("staff", "b\0b", origin: .created, because: []),
        ], target: "corp", run: "run-1")
    }
    #expect(try await ledger.ownership(of: "corp").isFirstRun)
  }
}
