/// One run as the ledger keeps it.
package struct RunRecord: Equatable, Sendable, Codable {
  package let id: RunID
  /// `apply`, `run`.
  package let command: String
  /// Who ran it, by the operating system's word.
  package let actor: String
  package let startedAt: Instant
  package var endedAt: Instant?
  package var summary: RunSummary?

  package init(
    id: RunID, command: String, actor: String, startedAt: Instant, endedAt: Instant? = nil,
    summary: RunSummary? = nil
  ) {
    self.id = id
    self.command = command
    self.actor = actor
    self.startedAt = startedAt
    self.endedAt = endedAt
    self.summary = summary
  }
}

/// How a run ended, as `status` and `history` show it.
package struct RunSummary: Equatable, Sendable, Codable {
  package var exitCode: Int32
  package var applied: Int
  package var failed: Int
  package var held: Int
  /// What people must know: held plans with their digests, sources and targets that were down.
  package var messages: [String]

  package init(exitCode: Int32, applied: Int, failed: Int, held: Int, messages: [String]) {
    self.exitCode = exitCode
    self.applied = applied
    self.failed = failed
    self.held = held
    self.messages = messages
  }
}

/// What is recorded about a target without any change to it.
package enum OwnershipNote: Equatable, Sendable {
  /// Found present when first desired.
  case membership(
    EntitlementKey, SubjectID, origin: Ownership.Origin, because: [AssignmentReference])
  /// Ours, gone from the target, and no longer desired: a tombstone.
  case membershipGone(EntitlementKey, SubjectID)
  case account(
    SubjectID, AccountIdentity, origin: Ownership.Origin, because: [AssignmentReference])
  case accountGone(SubjectID)
  /// The group under this name, as first seen.
  case group(EntitlementKey, immutableID: String, origin: Ownership.Origin)
}

/// A row of the journal.
package struct JournalID: Hashable, Sendable, Codable {
  package let rawValue: Int64

  package init(_ rawValue: Int64) { self.rawValue = rawValue }
}

/// One intended change and what became of it.
package struct JournalEntry: Equatable, Sendable {
  package let id: JournalID
  package let run: RunID
  package let target: TargetID
  package let change: Change
  package let intendedAt: Instant
  package let outcome: String?
  package let detail: String?
  package let settledAt: Instant?

  package init(
    id: JournalID, run: RunID, target: TargetID, change: Change, intendedAt: Instant,
    outcome: String?, detail: String?, settledAt: Instant?
  ) {
    self.id = id
    self.run = run
    self.target = target
    self.change = change
    self.intendedAt = intendedAt
    self.outcome = outcome
    self.detail = detail
    self.settledAt = settledAt
  }
}

package struct JournalQuery: Equatable, Sendable {
  package var run: RunID?
  package var target: TargetID?
  package var subject: SubjectID?
  package var group: EntitlementKey?
  package var limit: Int

  package init(
    run: RunID? = nil, target: TargetID? = nil, subject: SubjectID? = nil,
    group: EntitlementKey? = nil, limit: Int = 100
  ) {
    self.run = run
    self.target = target
    self.subject = subject
    self.group = group
    self.limit = limit
  }
}

/// A removal by absence or mapping that was applied, as the limits count it.
package struct RecordedRemoval: Equatable, Sendable {
  package let target: TargetID
  package let group: EntitlementKey?
  /// The assignment whose absence it followed from; `nil` for `unmapped`.
  package let assignment: AssignmentReference?

  package init(target: TargetID, group: EntitlementKey?, assignment: AssignmentReference?) {
    self.target = target
    self.group = group
    self.assignment = assignment
  }
}

/// Someone's word that one plan may pass its limits, once.
package struct Approval: Equatable, Sendable, Codable {
  package let digest: String
  package let name: String
  package let reason: String
  package let at: Instant

  package init(digest: String, name: String, reason: String, at: Instant) {
    self.digest = digest
    self.name = name
    self.reason = reason
    self.at = at
  }
}
