package import AccessModel
import Foundation
import GRDB
import Hashing

extension LedgerStore: Ledger {
  package func requireOurs() async throws(LedgerError) {
    try await read("making sure that this run may go on") { [claim] in try claim?.require($0) }
  }

  package func beginRun(_ run: RunRecord) async throws(LedgerError) {
    try await write("beginning run \(run.id)", .pressing) { db, chain in
      try chain.append(.runBegun, row: try Runs(db: db).begin(run))
    }
  }

  package func endRun(
    _ run: RunID, at: Instant, summary: RunSummary
  ) async throws(LedgerError) {
    try await write("ending run \(run)", .pressing) { db, chain in
      try chain.append(.runEnded, row: try Runs(db: db).end(run, at: at, summary: summary))
    }
  }

  package func runs(limit: Int) async throws(LedgerError) -> [RunRecord] {
    try await read("reading the runs") { try Runs(db: $0).newest(limit) }
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
    try await write("remembering \(assignments.count) assignments") { db, _ in
      try KnownAssignments(db: db).remember(assignments, run: run)
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
    try await write("noting what was found in \(target)") { db, chain in
      let at = try Runs(db: db).startedAt(run)
      let ownership = try OwnershipTable(db: db, target: target, run: run, at: at)
      for note in try notes.map(ownership.resolved) {
        try ownership.note(note)
        try chain.append(.note, RecordedNote(note, target: target, run: run))
      }
    }
  }

  package func begin(
    plan digest: String, changes: Int, target: TargetID, run: RunID
  ) async throws(LedgerError) {
    try await write("recording the plan for \(target)", .pressing) { db, chain in
      try chain.append(
        .plan,
        RecordedPlan(
          digest: digest, changes: changes, target: target.rawValue, run: run.rawValue))
    }
  }

  package func journalHead() async throws(LedgerError) -> JournalHead? {
    try await read("reading the journal's head") { db in
      try Row.fetchOne(db, sql: "SELECT id, code FROM record ORDER BY id DESC LIMIT 1").map {
        JournalHead(record: $0[0], code: hexadecimal(Array($0[1] as Data)))
      }
    }
  }

  package func intend(
    _ changes: [Change], target: TargetID, run: RunID, at: Instant
  ) async throws(LedgerError) -> [JournalID] {
    guard !changes.isEmpty else { return [] }
    let isPressing = changes.allSatisfy(\.endsAccess)
    return try await write(
      "recording \(changes.count) intents for \(target)", isPressing ? .pressing : .ordinary
    ) { db, chain in
      try Journal(db: db).intend(changes, target: target, run: run, at: at, chain: chain)
    }
  }

  package func settle(
    _ outcomes: [(JournalID, Change, Outcome)], target: TargetID, run: RunID, at: Instant
  ) async throws(LedgerError) {
    guard !outcomes.isEmpty else { return }
    try await write("recording \(outcomes.count) outcomes for \(target)", .pressing) { db, chain in
      try Journal(db: db).settle(outcomes, target: target, run: run, at: at, chain: chain)
    }
  }

  package func journal(_ query: JournalQuery) async throws(LedgerError) -> [JournalEntry] {
    try await read("reading the journal") { try Journal(db: $0).entries(query) }
  }

  package func removals(
    from start: Instant, through end: Instant
  ) async throws(LedgerError) -> Set<RecordedRemoval> {
    try await read("counting removals") {
      try Journal(db: $0).removals(from: start, through: end)
    }
  }

  package func lessons(of target: TargetID) async throws(LedgerError) -> [Lesson] {
    try await read("reading what was learned of \(target)") { try Lessons(db: $0).all(of: target) }
  }

  package func learn(
    _ lessons: [Lesson], about target: TargetID, run: RunID
  ) async throws(LedgerError) {
    guard !lessons.isEmpty else { return }
    try await write("keeping what was learned of \(target)", .pressing) { db, _ in
      try Lessons(db: db).learn(lessons, about: target, run: run)
    }
  }

  package func approve(_ approval: Approval) async throws(LedgerError) {
    try await write("recording an approval") { db, chain in
      try chain.append(.approval, row: try Approvals(db: db).record(approval))
    }
  }

  package func approval(
    of digest: String, now: Instant
  ) async throws(LedgerError) -> Approval? {
    try await read("reading the approval of \(digest)") {
      try Approvals(db: $0).valid(digest, now: now)
    }
  }

  package func useApproval(of digest: String, run: RunID) async throws(LedgerError) {
    try await write("using the approval of \(digest)") { db, chain in
      for row in try Approvals(db: db).use(digest, run: run) {
        try chain.requireUnused(approval: row)
        try chain.append(.approvalUsed, row: row)
      }
    }
  }
}
