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
  let exitCode: Int32
  let sources: [SourceJSON]
  let targets: [TargetJSON]
  /// Access packages that are assigned and that no mapping names.
  let unmappedPackages: [String]
  let nextBoundary: Instant?

  init(_ report: RunReport, command: String) {
    self.command = command
    run = report.isApplied ? report.context.run.rawValue : nil
    now = report.context.now
    exitCode = ExitStatus(report.verdict).rawValue
    sources = report.sources.map(SourceJSON.init)
    targets = report.targets.map(TargetJSON.init)
    unmappedPackages = report.unmappedPackages.map(\.name)
    nextBoundary = report.nextBoundary
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

    init(_ report: TargetReport) {
      target = report.target.rawValue
      error = report.failure?.description
      plan = report.approved.map(PlanReport.init)
      outcomes = report.outcomes.isEmpty ? nil : report.outcomes.map(OutcomeJSON.init)
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
