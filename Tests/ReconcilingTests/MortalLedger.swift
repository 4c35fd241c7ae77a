import AccessModel
import Synchronization

/// A real ledger in a process that dies at one of its writes, so that from then on every call throws;
/// or on a disk that fails that one write.
final class MortalLedger: Ledger {
  struct Crash: Sendable {
    /// 1 is the first write.
    let write: Int
    /// Whether that write still reached the disk.
    let takesEffect: Bool
    var isDeath = true
  }

  private struct State {
    var writes = 0
    var isDead = false
  }

  private let ledger: any Ledger
  private let crash: Crash?
  private let state = Mutex(State())

  init(_ ledger: any Ledger, crash: Crash?) {
    self.ledger = ledger
    self.crash = crash
  }

  private static let death = LedgerError(message: "the process died")

  private func alive() throws(LedgerError) -> any Ledger {
    if state.withLock({ $0.isDead }) { throw Self.death }
    return ledger
  }

  private func write<Value: Sendable>(
    _ body: (any Ledger) async throws(LedgerError) -> Value
  ) async throws(LedgerError) -> Value {
    let ledger = try alive()
    let fails = state.withLock { state in
      state.writes += 1
      guard let crash, state.writes == crash.write else { return false }
      state.isDead = crash.isDeath
      return true
    }
    guard fails else { return try await body(ledger) }
    if crash?.takesEffect == true { _ = try await body(ledger) }
    throw Self.death
  }

  func beginRun(_ run: RunRecord) async throws(LedgerError) {
    try await write { ledger throws(LedgerError) in try await ledger.beginRun(run) }
  }

  func endRun(_ run: RunID, at: Instant, summary: RunSummary) async throws(LedgerError) {
    try await write { ledger throws(LedgerError) in
      try await ledger.endRun(run, at: at, summary: summary)
    }
  }

  func remember(_ assignments: [KnownAssignment], run: RunID) async throws(LedgerError) {
    try await write { ledger throws(LedgerError) in
      try await ledger.remember(assignments, run: run)
    }
  }

  func note(
    _ notes: [OwnershipNote], target: TargetID, run: RunID
  ) async throws(LedgerError) {
    try await write { ledger throws(LedgerError) in
      try await ledger.note(notes, target: target, run: run)
    }
  }

  func requireOurs() async throws(LedgerError) { try await alive().requireOurs() }

  func begin(
    plan digest: String, changes: Int, target: TargetID, run: RunID
  ) async throws(LedgerError) {
    try await write { ledger throws(LedgerError) in
      try await ledger.begin(plan: digest, changes: changes, target: target, run: run)
    }
  }

  func journalHead() async throws(LedgerError) -> JournalHead? {
    try await alive().journalHead()
  }

  func intend(
    _ changes: [Change], target: TargetID, run: RunID, at: Instant
  ) async throws(LedgerError) -> [JournalID] {
    try await write { ledger throws(LedgerError) in
      try await ledger.intend(changes, target: target, run: run, at: at)
    }
  }

  func settle(
    _ outcomes: [(JournalID, Change, Outcome)], target: TargetID, run: RunID, at: Instant
  ) async throws(LedgerError) {
    try await write { ledger throws(LedgerError) in
      try await ledger.settle(outcomes, target: target, run: run, at: at)
    }
  }

  func lessons(of target: TargetID) async throws(LedgerError) -> [Lesson] {
    try await alive().lessons(of: target)
  }

  func learn(
    _ lessons: [Lesson], about target: TargetID, run: RunID
  ) async throws(LedgerError) {
    guard !lessons.isEmpty else { return }
    try await write { ledger throws(LedgerError) in
      try await ledger.learn(lessons, about: target, run: run)
    }
  }

  func approve(_ approval: Approval) async throws(LedgerError) {
    try await write { ledger throws(LedgerError) in try await ledger.approve(approval) }
  }

  func useApproval(of digest: String, run: RunID) async throws(LedgerError) {
    try await write { ledger throws(LedgerError) in
      try await ledger.useApproval(of: digest, run: run)
    }
  }

  func runs(limit: Int) async throws(LedgerError) -> [RunRecord] {
    try await alive().runs(limit: limit)
  }

  func clockHistory() async throws(LedgerError) -> ClockHistory? {
    try await alive().clockHistory()
  }

  func recordClock(_ record: ClockRecord) async throws(LedgerError) {
    try await write { ledger throws(LedgerError) in try await ledger.recordClock(record) }
  }

  func pendingRemovals() async throws(LedgerError) -> [PendingRemoval] {
    try await alive().pendingRemovals()
  }

  func setPendingRemovals(
    _ removals: [PendingRemoval], of target: TargetID
  ) async throws(LedgerError) {
    try await write { ledger throws(LedgerError) in
      try await ledger.setPendingRemovals(removals, of: target)
    }
  }

  func troubles() async throws(LedgerError) -> [Trouble] { try await alive().troubles() }

  func setTroubles(_ troubles: [Trouble], of target: TargetID) async throws(LedgerError) {
    try await write { ledger throws(LedgerError) in
      try await ledger.setTroubles(troubles, of: target)
    }
  }

  func knownAssignments(of source: SourceID) async throws(LedgerError) -> [KnownAssignment] {
    try await alive().knownAssignments(of: source)
  }

  func knownSources() async throws(LedgerError) -> [SourceID] {
    try await alive().knownSources()
  }

  func ownership(of target: TargetID) async throws(LedgerError) -> Ownership {
    try await alive().ownership(of: target)
  }

  func journal(_ query: JournalQuery) async throws(LedgerError) -> [JournalEntry] {
    try await alive().journal(query)
  }

  func removals(
    from start: Instant, through end: Instant
  ) async throws(LedgerError) -> Set<RecordedRemoval> {
    try await alive().removals(from: start, through: end)
  }

  func approval(of digest: String, now: Instant) async throws(LedgerError) -> Approval? {
    try await alive().approval(of: digest, now: now)
  }

  func record(
    _ plan: PlanRecord, target: TargetID, run: RunID
  ) async throws(LedgerError) {
    try await write { ledger throws(LedgerError) in
      try await ledger.record(plan, target: target, run: run)
    }
  }

  func run(_ id: RunID) async throws(LedgerError) -> RunRecord? { try await alive().run(id) }

  func run(ofSavedPlan digest: String) async throws(LedgerError) -> RunID? {
    try await alive().run(ofSavedPlan: digest)
  }

  func heldPlan(_ digest: String) async throws(LedgerError) -> HeldPlan? {
    try await alive().heldPlan(digest)
  }

  func waitingPlans() async throws(LedgerError) -> [HeldPlan] { try await alive().waitingPlans() }

  func openApprovals(now: Instant) async throws(LedgerError) -> [Approval] {
    try await alive().openApprovals(now: now)
  }

  func approvals(usedBy run: RunID) async throws(LedgerError) -> [Approval] {
    try await alive().approvals(usedBy: run)
  }

  func knownTargets() async throws(LedgerError) -> [TargetID] { try await alive().knownTargets() }
}
