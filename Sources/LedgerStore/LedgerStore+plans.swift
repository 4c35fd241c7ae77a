package import AccessModel

extension LedgerStore: PlanRecords {
  package func run(_ id: RunID) async throws(LedgerError) -> RunRecord? {
    try await read("reading run \(id)") { try Runs(db: $0).record(of: id) }
  }

  package func run(ofSavedPlan digest: String) async throws(LedgerError) -> RunID? {
    try await read("looking for a saved plan") { try Runs(db: $0).applied(savedPlan: digest) }
  }

  package func record(
    _ plan: PlanRecord, target: TargetID, run: RunID
  ) async throws(LedgerError) {
    try await write("recording what waits in \(target)", .pressing) { db, _ in
      try Plans(db: db).record(plan, target: target, run: run)
    }
  }

  package func heldPlan(_ digest: String) async throws(LedgerError) -> HeldPlan? {
    try await read("reading what is held under \(digest)") { try Plans(db: $0).held(digest) }
  }

  package func waitingPlans() async throws(LedgerError) -> [HeldPlan] {
    try await read("reading what waits for approval") { try Plans(db: $0).waiting() }
  }

  package func openApprovals(now: Instant) async throws(LedgerError) -> [Approval] {
    try await read("reading the approvals") { try Approvals(db: $0).open(now: now) }
  }

  package func approvals(usedBy run: RunID) async throws(LedgerError) -> [Approval] {
    try await read("reading the approvals of run \(run)") { try Approvals(db: $0).used(by: run) }
  }

  package func knownTargets() async throws(LedgerError) -> [TargetID] {
    try await read("reading the targets") { try Plans(db: $0).targets() }
  }
}
