/// The state database: what we know, what we own, what we meant to do and what became of it.
///
/// Every method is one transaction, durable when it returns. Nothing external is written after one
/// has thrown.
package protocol Ledger: Sendable {
  // Runs
  func beginRun(_ run: RunRecord) async throws(LedgerError)
  func endRun(_ run: RunID, at: Instant, summary: RunSummary) async throws(LedgerError)
  /// Newest first.
  func runs(limit: Int) async throws(LedgerError) -> [RunRecord]
  /// The highest instant ever recorded: time never goes below it.
  func highestInstant() async throws(LedgerError) -> Instant?

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
  /// Removals by absence or mapping that were applied since an instant, for the rolling limits.
  func removals(since: Instant) async throws(LedgerError) -> [RecordedRemoval]

  // Approvals
  func approve(_ approval: Approval) async throws(LedgerError)
  /// The approval of a digest that is unused and has not lapsed at `now`.
  func approval(of digest: String, now: Instant) async throws(LedgerError) -> Approval?
  func useApproval(of digest: String, run: RunID) async throws(LedgerError)
}
