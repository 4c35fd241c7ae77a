package import AccessModel
import Logging
import Planning

/// How often the loop looks at each source and target.
package struct Schedule: Sendable {
  package let sources: [SourceID: Duration]
  package let targets: [TargetID: Duration]
  /// How soon a source or target that failed is tried again, at the latest.
  package let retry: Duration

  package init(
    sources: [SourceID: Duration], targets: [TargetID: Duration],
    retry: Duration = .seconds(60)
  ) {
    self.sources = sources
    self.targets = targets
    self.retry = retry
  }
}

/// `bellhop run`: every source and target on its interval, and awake at the exact instant of the
/// next start or end. Ends when its task is cancelled, after the batch in flight.
package struct ReconcileLoop<C: Clock>: Sendable where C.Duration == Duration {
  private let reconciler: Reconciler
  private let schedule: Schedule
  private let clock: C
  private let wallClock: @Sendable () -> Instant
  private let makeContext: @Sendable (Instant) async throws(LedgerError) -> RunContext
  private let finish: @Sendable (RunReport) async throws(LedgerError) -> Void

  /// Nobody sleeps longer at once, so that a wall clock that was set, or a machine that was suspended,
  /// is noticed.
  private static var longestSleep: Duration { .seconds(30) }

  /// `makeContext` begins a run in the ledger, `finish` ends it and tells about it.
  package init(
    reconciler: Reconciler, schedule: Schedule, clock: C,
    wallClock: @escaping @Sendable () -> Instant,
    makeContext: @escaping @Sendable (Instant) async throws(LedgerError) -> RunContext,
    finish: @escaping @Sendable (RunReport) async throws(LedgerError) -> Void
  ) {
    self.reconciler = reconciler
    self.schedule = schedule
    self.clock = clock
    self.wallClock = wallClock
    self.makeContext = makeContext
    self.finish = finish
  }

  /// Throws when the ledger fails; nothing is written from then on.
  package func run() async throws(LedgerError) {
    var agenda = Agenda(schedule: schedule, now: wallClock())
    while !Task.isCancelled {
      let now = wallClock()
      let work = agenda.work(at: now)
      if !work.isEmpty { try await pass(&agenda, work, now) }
      await sleep(until: agenda.nextWake)
    }
  }

  private func pass(
    _ agenda: inout Agenda, _ work: Agenda.Work, _ now: Instant
  ) async throws(LedgerError) {
    let context = try await makeContext(now)
    let fresh = await reconciler.readSources(context, only: work.sources)
    let didChange = agenda.note(fresh, at: now)
    let isAnotherPlan = didChange || agenda.isBoundaryPassed(at: context.now)
    let targets = isAnotherPlan ? Set(schedule.targets.keys) : work.targets
    let report = try await reconciler.apply(
      context, readings: agenda.readings, selection: Selection(targets: targets))
    agenda.note(report, at: now)
    try await finish(report)
  }

  private func sleep(until wake: Instant) async {
    let left = wake.since(wallClock())
    guard left > .zero else { return }
    // It throws only when the task is cancelled, which `run` sees for itself.
    do { try await clock.sleep(for: min(left, Self.longestSleep)) } catch {}
  }
}

/// What is due when.
struct Agenda {
  struct Work {
    var sources: Set<SourceID> = []
    var targets: Set<TargetID> = []

    var isEmpty: Bool { sources.isEmpty && targets.isEmpty }
  }

  private let schedule: Schedule
  private var sourceDue: [SourceID: Instant]
  private var targetDue: [TargetID: Instant]
  private var boundary: Instant?
  private var latest: [SourceID: SourceResult] = [:]

  init(schedule: Schedule, now: Instant) {
    self.schedule = schedule
    sourceDue = schedule.sources.mapValues { _ in now }
    targetDue = schedule.targets.mapValues { _ in now }
  }

  /// What is due. Where the clock was set back, what then lies further off than its interval is due
  /// an interval from now.
  mutating func work(at now: Instant) -> Work {
    for (source, due) in sourceDue {
      sourceDue[source] = min(due, now.adding(interval(of: source)))
    }
    for (target, due) in targetDue {
      targetDue[target] = min(due, now.adding(interval(of: target)))
    }
    var work = Work()
    work.sources = Set(sourceDue.filter { $0.value <= now }.keys)
    work.targets = Set(targetDue.filter { $0.value <= now }.keys)
    if isBoundaryPassed(at: now) { work.targets = Set(targetDue.keys) }
    return work
  }

  /// Whether an assignment started or ended: every target's plan is another one from then on.
  func isBoundaryPassed(at now: Instant) -> Bool { boundary.map { $0 <= now } ?? false }

  private func interval(of source: SourceID) -> Duration {
    schedule.sources[source, default: schedule.retry]
  }

  private func interval(of target: TargetID) -> Duration {
    schedule.targets[target, default: schedule.retry]
  }

  var nextWake: Instant {
    let due = Array(sourceDue.values) + Array(targetDue.values) + [boundary].compactMap { $0 }
    return due.min() ?? Instant(microseconds: .max)
  }

  var readings: [SourceResult] { latest.values.sorted { $0.source < $1.source } }

  /// Whether any source says something else than the last time it was read.
  mutating func note(_ fresh: [SourceResult], at now: Instant) -> Bool {
    var didChange = false
    for result in fresh {
      let isFailed = if case .failure = result.reading { true } else { false }
      let interval = interval(of: result.source)
      sourceDue[result.source] = now.adding(isFailed ? min(interval, schedule.retry) : interval)
      didChange = didChange || !Self.areSame(latest[result.source], result)
      latest[result.source] = result
    }
    return didChange
  }

  mutating func note(_ report: RunReport, at now: Instant) {
    boundary = report.nextBoundary
    for target in report.targets {
      let interval = interval(of: target.target)
      let isFailed = target.failure != nil || target.failed > 0
      targetDue[target.target] = now.adding(isFailed ? min(interval, schedule.retry) : interval)
    }
  }

  private static func areSame(_ left: SourceResult?, _ right: SourceResult) -> Bool {
    guard let left else { return false }
    switch (left.reading, right.reading) {
    case (.success(let left), .success(let right)):
      return left.coverage == right.coverage && left.assignments == right.assignments
        && left.subjects == right.subjects && left.packages == right.packages
        && left.withoutSubject == right.withoutSubject
    case (.failure(let left), .failure(let right)):
      return left.kind == right.kind
    case (.success, .failure), (.failure, .success): return false
    }
  }
}
