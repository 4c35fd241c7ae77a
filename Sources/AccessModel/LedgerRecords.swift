/// One run as the ledger keeps it.
package struct RunRecord: Equatable, Sendable, Codable {
  package let id: RunID
  /// `apply`, `run`.
  package let command: String
  /// Who ran it, by the operating system's word.
  package let actor: String
  /// The one behind the actor's names, as the operating system numbers them: two runs of one person
  /// have the same. See `Approval.person`.
  package let person: String?
  /// What it worked from: digests of the configuration and of the mappings.
  package let configuration: String?
  package let mappings: String?
  /// The digest of the saved plan that it applied.
  package let savedPlan: String?
  /// The run whose changes it took back.
  package let undoes: RunID?
  package let startedAt: Instant
  package var endedAt: Instant?
  package var summary: RunSummary?

  package init(
    id: RunID, command: String, actor: String, person: String? = nil, configuration: String? = nil,
    mappings: String? = nil, savedPlan: String? = nil, undoes: RunID? = nil, startedAt: Instant,
    endedAt: Instant? = nil, summary: RunSummary? = nil
  ) {
    self.id = id
    self.command = command
    self.actor = actor
    self.person = person
    self.configuration = configuration
    self.mappings = mappings
    self.savedPlan = savedPlan
    self.undoes = undoes
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
  /// Ours, gone from the target, and no longer desired: a tombstone. `changedAt` is when the group was
  /// last changed, by the target's clock.
  case membershipGone(EntitlementKey, SubjectID, changedAt: Instant? = nil)
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
  /// The digest of the plan that it was part of.
  package let plan: String?
  /// The approval that let the plan pass its limits; of changes that needed one.
  package let approval: Approval?

  package init(
    id: JournalID, run: RunID, target: TargetID, change: Change, intendedAt: Instant,
    outcome: String?, detail: String?, settledAt: Instant?, plan: String? = nil,
    approval: Approval? = nil
  ) {
    self.id = id
    self.run = run
    self.target = target
    self.change = change
    self.intendedAt = intendedAt
    self.outcome = outcome
    self.detail = detail
    self.settledAt = settledAt
    self.plan = plan
    self.approval = approval
  }
}

package struct JournalQuery: Equatable, Sendable {
  package var run: RunID?
  package var target: TargetID?
  package var subject: SubjectID?
  package var group: EntitlementKey?
  /// Only what was intended later than this.
  package var after: JournalID?
  package var limit: Int

  package init(
    run: RunID? = nil, target: TargetID? = nil, subject: SubjectID? = nil,
    group: EntitlementKey? = nil, after: JournalID? = nil, limit: Int = 100
  ) {
    self.run = run
    self.target = target
    self.subject = subject
    self.group = group
    self.after = after
    self.limit = limit
  }
}

/// A removal by absence or mapping that was applied, or may have been, as the limits count it.
package struct RecordedRemoval: Hashable, Sendable {
  package let target: TargetID
  /// What it took away; several attempts at one thing are one removal.
  package let kind: String
  package let group: EntitlementKey?
  package let subject: SubjectID?
  package let account: AccountKey?
  /// The assignment whose absence it followed from; `nil` for `unmapped`.
  package let assignment: AssignmentReference?

  package init(_ change: Change, in target: TargetID) {
    self.target = target
    kind = change.kind
    group = change.group
    subject = change.account?.subject
    account = change.account?.identity?.key
    assignment = change.ending?.assignment
  }
}

/// Where the journal's chain ends: whoever keeps this elsewhere can tell a shortened journal.
package struct JournalHead: Hashable, Sendable, Codable {
  /// The number of the last record.
  package let record: Int64
  /// Its authentication code, 64 hexadecimal digits.
  package let code: String

  package init(record: Int64, code: String) {
    self.record = record
    self.code = code
  }
}

extension JournalHead: CustomStringConvertible {
  package var description: String { "\(record) \(code)" }
}

/// Someone's word that one plan may pass its limits, once.
package struct Approval: Equatable, Sendable, Codable {
  package let digest: String
  /// Who approves, as they call themselves.
  package let name: String
  package let reason: String
  package let at: Instant
  /// Who that is by the operating system's word, which no option can change.
  package let person: String?

  package init(
    digest: String, name: String, reason: String, at: Instant, person: String? = nil
  ) {
    self.digest = digest
    self.name = name
    self.reason = reason
    self.at = at
    self.person = person
  }
}
