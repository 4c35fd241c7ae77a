import AccessModel
import Planning
import Reconciling

/// What `plan --json` and `apply --json` print; docs/commands.md describes every member. Members are
/// added over time, never renamed or removed within a version.
struct RunJSON: Encodable {
  let version = 1
  let command: String
  let run: String?
  let now: Instant
  /// Only while the machine's clock is in doubt.
  let clock: ClockJSON?
  let exitCode: Int32
  let sources: [SourceJSON]
  let targets: [TargetJSON]
  /// What was done in the run before this one, where that is told here.
  let before: [TargetJSON]?
  /// Targets that are not configured any more, with what is ours in them.
  let retiredTargets: [RetiredJSON]?
  /// Access packages that are assigned and that no mapping names.
  let unmappedPackages: [String]
  let nextBoundary: Instant?
  /// Removals that are due and not done; empty when there are none.
  let waiting: [WaitingJSON]
  /// Why the ledger took nothing but what ends access.
  let shortage: String?
  /// Where the journal's chain ends after the run.
  let journal: JournalHead?

  init(_ report: RunReport, command: String, journal: JournalHead? = nil) {
    self.journal = journal
    shortage = report.shortage
    self.command = command
    run = report.isApplied ? report.context.run.rawValue : nil
    now = report.context.now
    clock = report.context.doubt.map { ClockJSON($0, held: report.book.doubted) }
    exitCode = ExitStatus(report.verdict).rawValue
    sources = report.sources.map(SourceJSON.init)
    targets = report.targets.map(TargetJSON.init)
    before = report.late.isEmpty ? nil : report.late.map(TargetJSON.init)
    retiredTargets = report.retired.isEmpty ? nil : report.retired.map(RetiredJSON.init)
    unmappedPackages = report.unmappedPackages.map(\.name)
    nextBoundary = report.nextBoundary
    waiting = report.waiting.map(WaitingJSON.init)
  }

  struct ClockJSON: Encodable {
    let wall: Instant
    /// What lies later has not come, as far as the run is concerned.
    let trusted: Instant
    /// The last instant that may have come; missing where nobody can tell.
    let until: Instant?
    let reason: String
    /// Assignments that start or end between the two.
    let held: Int?

    init(_ doubt: ClockDoubt, held: Int? = nil) {
      (wall, trusted, until, reason) = (doubt.wall, doubt.since, doubt.until, doubt.reason)
      self.held = held
    }
  }

  struct RetiredJSON: Encodable {
    let target: String
    let accounts: Int
    let memberships: Int

    init(_ retired: RetiredTarget) {
      target = retired.target.rawValue
      (accounts, memberships) = (retired.accounts, retired.memberships)
    }
  }

  struct SourceJSON: Encodable {
    let source: String
    /// `complete`, `partial` or `failed`.
    let coverage: String
    let reason: String?
    let assignments: Int
    let live: Int
    let undecodable: [UndecodableJSON]

    init(_ book: SourceBook) {
      source = book.source.rawValue
      switch (book.error, book.coverage) {
      case (let error?, _): (coverage, reason) = ("failed", error.message)
      case (nil, .complete): (coverage, reason) = ("complete", nil)
      case (nil, .partial(let text)): (coverage, reason) = ("partial", text)
      }
      assignments = book.live?.reading.assignments.count ?? 0
      live = book.live?.positions.count ?? 0
      undecodable = book.undecodable.map(UndecodableJSON.init)
    }
  }

  struct UndecodableJSON: Encodable {
    let location: String
    let field: String
    let reason: String
    let assignment: String?

    init(_ record: UndecodableRecord) {
      (location, field, reason) = (record.location, record.field, record.reason)
      assignment = record.assignment?.rawValue
    }
  }

  struct TargetJSON: Encodable {
    let target: String
    let error: String?
    let plan: PlanReport?
    let outcomes: [OutcomeJSON]?
    /// Of an undo: what is not taken back.
    let kept: [KeptJSON]?
    /// Approvals that were given and do not count.
    let remarks: [String]?
    /// What is set aside; missing where nothing is.
    let quarantine: [QuarantineJSON]?
    /// What its system says of the plan's changes; only with `--server-check`.
    let serverCheck: ServerCheckJSON?

    init(_ report: TargetReport) {
      serverCheck = report.serverCheck.map(ServerCheckJSON.init)
      target = report.target.rawValue
      error = report.failure?.description
      plan = report.approved.map(PlanReport.init)
      outcomes = report.outcomes.isEmpty ? nil : report.outcomes.map(OutcomeJSON.init)
      kept = report.kept.isEmpty ? nil : report.kept.map(KeptJSON.init)
      remarks = report.remarks.isEmpty ? nil : report.remarks
      quarantine =
        report.quarantined.isEmpty ? nil : report.quarantined.map(QuarantineJSON.init)
    }
  }

  struct ServerCheckJSON: Encodable {
    /// How many changes would be made, or are made already.
    let accepted: Int
    let refused: [RefusalJSON]
    let notAsked: [UnaskedJSON]
    /// How the server kept what it was only to try.
    let alarm: String?

    init(_ check: ServerCheckResult) {
      accepted = check.accepted
      refused = check.refusals.map {
        RefusalJSON(change: ChangeReport($0.change), reason: $0.reason, wayOut: $0.wayOut)
      }
      notAsked = check.unasked.map {
        UnaskedJSON(reason: $0.reason, changes: $0.changes.map(ChangeReport.init))
      }
      alarm = check.alarm
    }

    struct RefusalJSON: Encodable {
      let change: ChangeReport
      let reason: String
      let wayOut: String?
    }

    struct UnaskedJSON: Encodable {
      let reason: String
      let changes: [ChangeReport]
    }
  }

  struct KeptJSON: Encodable {
    let change: ChangeReport
    let reason: String
    let isSettled: Bool

    init(_ kept: Kept) {
      (change, reason, isSettled) = (ChangeReport(kept.change), kept.reason, kept.isSettled)
    }
  }

  /// A target, or a subject in it, that is set aside.
  struct QuarantineJSON: Encodable {
    let target: String
    let subject: String?
    let since: Instant?
    let failures: Int
    let reason: String

    init(_ trouble: Trouble) {
      (target, subject) = (trouble.target.rawValue, trouble.subject?.rawValue)
      (since, failures, reason) = (trouble.quarantinedAt, trouble.failures, trouble.reason)
    }
  }

  /// Removals of one target that wait for one thing.
  struct WaitingJSON: Encodable {
    let target: String
    /// `limits`, `failed`, `unreachable` or `quarantine`.
    let obstacle: String
    let digest: String?
    let count: Int
    /// Since when the oldest of them waits, and how long that is in seconds.
    let since: Instant
    let age: Int64
    /// Whether that is more than a day.
    let overdue: Bool

    init(_ waiting: Waiting) {
      (target, obstacle) = (waiting.target.rawValue, waiting.obstacle.rawValue)
      (digest, count, since) = (waiting.digest, waiting.count, waiting.since)
      (age, overdue) = (waiting.age.components.seconds, waiting.isOverdue)
    }
  }

  struct OutcomeJSON: Encodable {
    let change: ChangeReport
    /// `applied`, `alreadyInState`, `refused`, `failed` or `unknown`.
    let outcome: String
    let detail: String?

    init(_ row: (change: Change, outcome: Outcome)) {
      change = ChangeReport(row.change)
      outcome = row.outcome.word
      detail = row.outcome.detail
    }
  }
}
