/// What the ledger keeps of plans: which runs made them, what waits for an approval, who gave one.
package protocol PlanRecords: Sendable {
  func run(_ id: RunID) async throws(LedgerError) -> RunRecord?
  /// The run that applied the saved plan of this digest, or began to.
  func run(ofSavedPlan digest: String) async throws(LedgerError) -> RunID?
  func record(_ plan: PlanRecord, target: TargetID, run: RunID) async throws(LedgerError)
  /// What the limits held under a digest, also if it waits no more.
  func heldPlan(_ digest: String) async throws(LedgerError) -> HeldPlan?
  /// What waits for an approval, sorted by target.
  func waitingPlans() async throws(LedgerError) -> [HeldPlan]
  /// Approvals that no run has used and that have not lapsed at `now`, newest first.
  func openApprovals(now: Instant) async throws(LedgerError) -> [Approval]
  /// The approvals that let parts of a run pass, in the order in which they were given.
  func approvals(usedBy run: RunID) async throws(LedgerError) -> [Approval]
  /// Every target that something is known of, sorted.
  func knownTargets() async throws(LedgerError) -> [TargetID]
}
