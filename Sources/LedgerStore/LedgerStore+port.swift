package import AccessModel

extension LedgerStore: Ledger {
  package func beginRun(_ run: RunRecord) async throws(LedgerError) {
    try await write("beginning run \(run.id)") { try Runs(db: $0).begin(run) }
  }

  package func endRun(
    _ run: RunID, at: Instant, summary: RunSummary
  ) async throws(LedgerError) {
    try await write("ending run \(run)") { try Runs(db: $0).end(run, at: at, summary: summary) }
  }

  package func runs(limit: Int) async throws(LedgerError) -> [RunRecord] {
    try await read("reading the runs") { try Runs(db: $0).newest(limit) }
  }

  package func highestInstant() async throws(LedgerError) -> Instant? {
    try await read("reading the highest instant") { try Runs(db: $0).highestInstant() }
  }

  package func knownAssignments(
    of source: SourceID
  ) async throws(LedgerError) -> [KnownAssignment] {
    try await read("reading the assignments of \(source)") {
      try KnownAssignments(db: $0).all(of: source)
    }
  }

  package func remember(
    _ assignments: [KnownAssignment], run: RunID
  ) async throws(LedgerError) {
    try await write("remembering \(assignments.count) assignments") {
      try KnownAssignments(db: $0).remember(assignments, run: run)
    }
  }

  package func knownSources() async throws(LedgerError) -> [SourceID] {
    try await read("reading the sources") { try KnownAssignments(db: $0).sources() }
  }

  package func ownership(of target: TargetID) async throws(LedgerError) -> Ownership {
    try await read("reading what is owned in \(target)") {
      try OwnershipReader(db: $0).ownership(of: target)
    }
  }

  package func note(
    _ notes: [OwnershipNote], target: TargetID, run: RunID
  ) async throws(LedgerError) {
    guard !notes.isEmpty else { return }
    try await write("noting what was found in \(target)") { db in
      let at = try Runs(db: db).startedAt(run)
      let ownership = try OwnershipTable(db: db, target: target, run: run, at: at)
      for note in notes { try ownership.note(note) }
    }
  }

  package func intend(
    _ changes: [Change], target: TargetID, run: RunID, at: Instant
  ) async throws(LedgerError) -> [JournalID] {
    guard !changes.isEmpty else { return [] }
    return try await write("recording \(changes.count) intents for \(target)") {
      try Journal(db: $0).intend(changes, target: target, run: run, at: at)
    }
  }

  package func settle(
    _ outcomes: [(JournalID, Change, Outcome)], target: TargetID, run: RunID, at: Instant
  ) async throws(LedgerError) {
    guard !outcomes.isEmpty else { return }
    try await write("recording \(outcomes.count) outcomes for \(target)") {
      try Journal(db: $0).settle(outcomes, target: target, run: run, at: at)
    }
  }

  package func journal(_ query: JournalQuery) async throws(LedgerError) -> [JournalEntry] {
    try await read("reading the journal") { try Journal(db: $0).entries(query) }
  }

  package func removals(since: Instant) async throws(LedgerError) -> [RecordedRemoval] {
    try await read("counting removals") { try Journal(db: $0).removals(since: since) }
  }

  package func approve(_ approval: Approval) async throws(LedgerError) {
    try await write("recording an approval") { try Approvals(db: $0).record(approval) }
  }

  package func approval(
    of digest: String, now: Instant
  ) async throws(LedgerError) -> Approval? {
    try await read("reading the approval of \(digest)") {
      try Approvals(db: $0).valid(digest, now: now)
    }
  }

  package func useApproval(of digest: String, run: RunID) async throws(LedgerError) {
    try await write("using the approval of \(digest)") {
      try Approvals(db: $0).use(digest, run: run)
    }
  }
}
