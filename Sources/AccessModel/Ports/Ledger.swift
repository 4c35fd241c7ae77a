/// The state database: what we know, what we own, what we meant to do and what became of it.
///
/// Every method is one transaction, durable when it returns. Nothing external is written after one
/// has thrown.
package protocol Ledger: PlanRecords {
  /// Throws `displaced` if another run has taken the ledger over, or it was replaced under this one.
  func requireOurs() async throws(LedgerError)

  // Runs
  func beginRun(_ run: RunRecord) async throws(LedgerError)
  func endRun(_ run: RunID, at: Instant, summary: RunSummary) async throws(LedgerError)
  /// Newest first.
  func runs(limit: Int) async throws(LedgerError) -> [RunRecord]

  // The machine's clock
  /// `nil` before the first run.
  func clockHistory() async throws(LedgerError) -> ClockHistory?
  func recordClock(_ record: ClockRecord) async throws(LedgerError)

  // Assignments
  /// Sorted by reference.
  func knownAssignments(of source: SourceID) async throws(LedgerError) -> [KnownAssignment]
  /// Inserts or replaces.
  func remember(_ assignments: [KnownAssignment], run: RunID) async throws(LedgerError)
  /// Every source that assignments are known of, sorted.
  func knownSources() async throws(LedgerError) -> [SourceID]

  // Ownership
  func ownership(of target: TargetID) async throws(LedgerError) -> Ownership
  /// Records what was found without a change: pre-existing, adopted, gone, justified anew.
  func note(_ notes: [OwnershipNote], target: TargetID, run: RunID) async throws(LedgerError)

  // Journal
  /// Records which plan the intents that follow belong to.
  func begin(
    plan digest: String, changes: Int, target: TargetID, run: RunID
  ) async throws(LedgerError)
  /// Records, before the first byte leaves, what is meant to be done. Gives one id for each change.
  func intend(
    _ changes: [Change], target: TargetID, run: RunID, at: Instant
  ) async throws(LedgerError) -> [JournalID]
  /// Records what became of them, and with it what we own.
  func settle(
    _ outcomes: [(JournalID, Change, Outcome)], target: TargetID, run: RunID, at: Instant
  ) async throws(LedgerError)
  /// Newest first, narrowed by what is not `nil`.
  func journal(_ query: JournalQuery) async throws(LedgerError) -> [JournalEntry]
  /// Removals by absence or mapping that were applied between two instants, or may have been because
  /// nothing recorded what became of them; for the rolling limits. Each thing that was removed once.
  func removals(
    from start: Instant, through end: Instant
  ) async throws(LedgerError) -> Set<RecordedRemoval>

  // What waits
  /// Removals that were due in earlier runs and were not done; sorted by target, the oldest first.
  func pendingRemovals() async throws(LedgerError) -> [PendingRemoval]
  /// Replaces what waits in one target. What waited before keeps the instant since which it does.
  func setPendingRemovals(
    _ removals: [PendingRemoval], of target: TargetID
  ) async throws(LedgerError)
  /// What failed in a row, and what is set aside for it; sorted by target, then subject.
  func troubles() async throws(LedgerError) -> [Trouble]
  /// Replaces what is known of one target.
  func setTroubles(_ troubles: [Trouble], of target: TargetID) async throws(LedgerError)

  // What targets' adapters learned
  func lessons(of target: TargetID) async throws(LedgerError) -> [Lesson]
  /// Inserts, replaces, or forgets.
  func learn(_ lessons: [Lesson], about target: TargetID, run: RunID) async throws(LedgerError)

  /// Where the chain of the journal's records ends; `nil` while there is none.
  func journalHead() async throws(LedgerError) -> JournalHead?

  // Approvals
  func approve(_ approval: Approval) async throws(LedgerError)
  /// The approval of a digest that is unused and has not lapsed at `now`.
  func approval(of digest: String, now: Instant) async throws(LedgerError) -> Approval?
  func useApproval(of digest: String, run: RunID) async throws(LedgerError)
}
