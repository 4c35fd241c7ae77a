import AccessModel
import LedgerStore
import Testing

@Suite struct KnownAssignmentTests {
  let state: TemporaryState
  let ledger: LedgerStore

  init() async throws {
    state = try TemporaryState()
    ledger = try await state.ledger()
  }

  private func known(
    _ id: String, source: SourceID = "partners", subject: SubjectID = "ada",
    end: Instant? = .minutes(60), missingSince: Instant? = nil, ending: Ending? = nil
  ) -> KnownAssignment {
    KnownAssignment(
      reference: AssignmentReference(source: source, id: AssignmentID(id)), subject: subject,
      package: "Partner Engineering", validity: Validity(start: .nine, end: end),
      missingSince: missingSince, ending: ending)
  }

  @Test func `assignments come back as they were, sorted by reference`() async throws {
    let assignments = [
      known("asn-2", subject: "bob", end: nil), known("asn-10", missingSince: .minutes(3)),
      known("asn-1", ending: expired),
    ]
    try await ledger.remember(assignments, run: "run-1")
    try await ledger.remember([known("x", source: "entra")], run: "run-1")

    #expect(
      try await ledger.knownAssignments(of: "partners")
        == [assignments[2], assignments[1], assignments[0]])
    #expect(try await ledger.knownAssignments(of: "entra") == [known("x", source: "entra")])
    #expect(try await ledger.knownAssignments(of: "nowhere").isEmpty)
    #expect(try await ledger.knownSources() == ["entra", "partners"])
  }

  @Test func `an assignment whose subject is gone from the file is damage, not absence`()
    async throws
  {
    try await ledger.remember([known("asn-1")], run: "run-1")
    try sqlite(state.folder.ledger, "DELETE FROM subject")
    await #expect(throws: LedgerError.self) {
      try await ledger.knownAssignments(of: "partners")
    }
  }

  @Test func `every kind of ending survives`() async throws {
    let endings: [Ending] = [
      expired, absent, unmapped, .operator(name: "ada", reason: "left"),
      .revoked(.partners("asn-1"), state: "expired", seen: Instant(microseconds: 1_234_567)),
    ]
    let assignments = endings.enumerated().map { known("asn-\($0)", ending: $1) }
    try await ledger.remember(assignments, run: "run-1")
    #expect(try await ledger.knownAssignments(of: "partners") == assignments)
  }

  @Test func `remembering again replaces, and clears what is no longer so`() async throws {
    try await ledger.remember(
      [known("asn-1", missingSince: .minutes(3), ending: expired)], run: "run-1")
    let returned = known("asn-1", end: .minutes(90))
    try await ledger.remember([returned], run: "run-1")
    #expect(try await ledger.knownAssignments(of: "partners") == [returned])
  }

  @Test func `a source that only justified a membership has no known assignments`() async throws {
    try await ledger.carryOut([addition("ada", to: "staff", because: "asn-1")])
    #expect(try await ledger.knownSources().isEmpty)
  }

  @Test func `ids that differ in bytes are two assignments`() async throws {
    let assignments = [known("cafe\u{301}"), known("caf\u{e9}")]
    try await ledger.remember(assignments, run: "run-1")
    let read = try await ledger.knownAssignments(of: "partners")
    #expect(read.map(\.reference) == assignments.map(\.reference))
  }

  @Test func `an id that SQLite would cut short is refused`() async throws {
    await #expect(throws: LedgerError.self) {
      try await ledger.remember([known("asn-1\0a")], run: "run-1")
    }
    #expect(try await ledger.knownSources().isEmpty)
  }
}
