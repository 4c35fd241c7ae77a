package import AccessModel
import Logging
package import Planning

/// How often the loop looks at each source and target.
package struct Schedule: Sendable {
  package let sources: [SourceID: Duration]
  package let targets: [TargetID: Duration]
  /// How often to ask for news, of sources that can tell.
  package let news: [SourceID: Duration]
  /// How soon a source or target that failed is tried again, at the latest.
  package let retry: Duration
  /// How long a round waits for its slowest target before it goes on without it.
  package let patience: Duration

  /// `patience` is the shortest interval of a target, and 5 s at least, if nothing is said.
  package init(
    sources: [SourceID: Duration], targets: [TargetID: Duration],
    news: [SourceID: Duration] = [:], retry: Duration = .seconds(60), patience: Duration? = nil
  ) {
    self.patience = patience ?? max(.seconds(5), targets.values.min() ?? .seconds(5))
    self.sources = sources
    self.targets = targets
    self.news = news
    self.retry = retry
  }
}

/// `bellhop run`: every source and target on its interval, awake at the exact instant of the next
/// start or end, and when a target rings. Ends when its task is cancelled, after the batch in flight.
package struct ReconcileLoop<C: Clock>: Sendable where C.Duration == Duration {
  private let reconciler: Reconciler
  private let schedule: Schedule
  private let doorbells: [any Doorbell]
  private let clock: C
  private let wallClock: @Sendable () -> Instant
  private let makeContext: @Sendable () async throws(LedgerError) -> RunContext
  private let finish: @Sendable (RunReport) async throws(LedgerError) -> Void
  private let answer: @Sendable (RunContext, [SourceResult]) async throws(LedgerError) -> Void

  /// Nobody sleeps longer at once, so that a wall clock that was set, or a machine that was suspended,
  /// is noticed.
  private static var longestSleep: Duration { .seconds(30) }

  /// `makeContext` judges the clock and begins a run in the ledger, `finish` ends it and tells about
  /// it; `answer` lets requests that waited for the run go on.
  package init(
    reconciler: Reconciler, schedule: Schedule, doorbells: [any Doorbell] = [], clock: C,
    wallClock: @escaping @Sendable () -> Instant,
    makeContext: @escaping @Sendable () async throws(LedgerError) -> RunContext,
    finish: @escaping @Sendable (RunReport) async throws(LedgerError) -> Void,
    answer: @escaping @Sendable (RunContext, [SourceResult]) async throws(LedgerError) -> Void = {
      _, _ in
    }
  ) {
    self.reconciler = reconciler
    self.schedule = schedule
    self.doorbells = doorbells
    self.clock = clock
    self.wallClock = wallClock
    self.makeContext = makeContext
    self.finish = finish
    self.answer = answer
  }

  /// Throws when the ledger fails; nothing is written from then on.
  package func run() async throws(LedgerError) {
    let bell = Bell()
    let logger = reconciler.logger
    let listeners = doorbells.map { doorbell in
      Task {
        await doorbell.listen { ring in
          switch ring {
          case .changed: bell.ring(doorbell.id)
          case .silent(let reason): logger.info("\(doorbell.id): not listening: \(reason)")
          }
        }
      }
    }
    defer { for listener in listeners { listener.cancel() } }
    let stragglers = Stragglers(patience: schedule.patience)
    do throws(LedgerError) {
      try await rounds(bell, stragglers)
    } catch {
      await stragglers.end()
      throw error
    }
    await stragglers.end()
  }

  private func rounds(_ bell: Bell, _ stragglers: Stragglers) async throws(LedgerError) {
    var agenda = Agenda(schedule: schedule, now: wallClock())
    while !Task.isCancelled {
      let now = wallClock()
      agenda.note(rung: bell.answer(), at: now)
      await hearNews(&agenda, at: now)
      let work = agenda.work(at: now)
      if !work.isEmpty { try await pass(&agenda, work, now, stragglers) }
      await sleep(until: agenda.nextWake, or: bell)
    }
  }

  private func pass(
    _ agenda: inout Agenda, _ work: Agenda.Work, _ now: Instant, _ stragglers: Stragglers
  ) async throws(LedgerError) {
    var context = try await makeContext()
    context.boundary = agenda.boundary
    // What starts or ends now does not wait for a source that was silent the last time.
    let isDue = agenda.isBoundaryPassed(at: context.now)
    let sources = isDue ? work.sources.subtracting(agenda.failedSources) : work.sources
    let fresh = await reconciler.readSources(context, only: sources)
    let didChange = agenda.note(fresh, at: now)
    let isAnotherPlan = didChange || agenda.isBoundaryPassed(at: context.now)
    let targets = isAnotherPlan ? Set(schedule.targets.keys) : work.targets
    let report = try await reconciler.apply(
      context, readings: agenda.readings, selection: Selection(targets: targets), stragglers)
    agenda.note(report, at: now)
    try await finish(report)
    try await answer(context, agenda.readings)
  }

  /// Asks sources that can tell what has changed since they were read. What they tell makes every
  /// target due; that one cannot be asked changes nothing, as its next reading tells more.
  private func hearNews(_ agenda: inout Agenda, at now: Instant) async {
    let context = RunContext(run: RunID("news"), now: now)
    for source in reconciler.sources {
      guard let source = source as? any NewsSource,
        let reading = agenda.readingForNews(of: source.id, at: now)
      else { continue }
      do throws(SourceError) {
        if let news = try await source.news(context, since: reading) {
          agenda.note(news: news, at: now)
        }
      } catch {
        reconciler.logger.info("\(error)")
      }
    }
  }

  private func sleep(until wake: Instant, or bell: Bell) async {
    let left = wake.since(wallClock())
    guard left > .zero else { return }
    let clock = clock
    await withTaskGroup(of: Void.self) { group in
      // It throws only when the task is cancelled, which `run` sees for itself.
      group.addTask {
        do { try await clock.sleep(for: min(left, Self.longestSleep)) } catch {}
      }
      if !doorbells.isEmpty { group.addTask { await bell.wait() } }
      await group.next()
      group.cancelAll()
    }
  }
}

/// What is due when.
struct Agenda {
  struct Work {
    var sources: Set<SourceID> = []
    var targets: Set<TargetID> = []

    var isEmpty: Bool { sources.isEmpty && targets.isEmpty }
  }

  private static let (shortestPause, longestPause) = (
    Duration.milliseconds(200), Duration.seconds(30)
  )

  private let schedule: Schedule
  private var sourceDue: [SourceID: Instant]
  private var targetDue: [TargetID: Instant]
  private(set) var boundary: Instant?
  /// Targets that have rung and were not looked at since.
  private var rung: Set<TargetID> = []
  /// How often in a row each rang for nothing.
  private var falseAlarms: [TargetID: Int] = [:]
  private var lastLook: [TargetID: Instant] = [:]
  private var latest: [SourceID: SourceResult] = [:]
  private var newsDue: [SourceID: Instant] = [:]

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

  /// Targets that rang are due at once, unless they were looked at just now.
  mutating func note(rung targets: Set<TargetID>, at now: Instant) {
    for target in targets {
      guard let due = targetDue[target] else { continue }
      rung.insert(target)
      let pause = pause(of: target)
      // Where the clock was set back, the last look lies ahead.
      let left = lastLook[target].map { pause - now.since($0) } ?? .zero
      targetDue[target] = min(due, now.adding(max(.zero, min(left, pause))))
    }
  }

  /// How long a target is left alone after it was looked at, however often it rings: the longer the
  /// oftener it rang for nothing, as a directory does that notes every login.
  private func pause(of target: TargetID) -> Duration {
    let doublings = min(max(falseAlarms[target, default: 0] - 4, 0), 10)
    return min(Self.shortestPause * (1 << doublings), Self.longestPause, interval(of: target))
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
    let due =
      Array(sourceDue.values) + Array(targetDue.values) + Array(newsDue.values)
      + [boundary].compactMap { $0 }
    return due.min() ?? Instant(microseconds: .max)
  }

  var readings: [SourceResult] { latest.values.sorted { $0.source < $1.source } }

  /// Those whose last reading gave nothing.
  var failedSources: Set<SourceID> {
    Set(latest.filter { if case .failure = $0.value.reading { true } else { false } }.keys)
  }

  /// The latest reading of a source that is due to be asked for news; `nil` if it is not, or if it
  /// is due to be read altogether.
  mutating func readingForNews(of source: SourceID, at now: Instant) -> AssignmentReading? {
    guard let interval = schedule.news[source],
      case .success(let reading)? = latest[source]?.reading
    else { return nil }
    let due = min(newsDue[source] ?? now, now.adding(interval))
    guard due <= now else { return nil }
    newsDue[source] = now.adding(interval)
    return sourceDue[source].map { $0 <= now } ?? false ? nil : reading
  }

  /// A reading with news in it proves the absence of nothing that it did not prove before, so it
  /// counts as read when the whole of it was.
  mutating func note(news reading: AssignmentReading, at now: Instant) {
    guard let before = latest[reading.source] else { return }
    latest[reading.source] = SourceResult(
      source: reading.source, reading: .success(reading), readAt: before.readAt,
      absentAfter: before.absentAfter)
    for target in targetDue.keys { targetDue[target] = now }
  }

  /// Whether any source says something else than the last time it was read.
  mutating func note(_ fresh: [SourceResult], at now: Instant) -> Bool {
    var didChange = false
    for result in fresh {
      let isFailed = if case .failure = result.reading { true } else { false }
      let interval = interval(of: result.source)
      sourceDue[result.source] = now.adding(isFailed ? min(interval, schedule.retry) : interval)
      newsDue[result.source] = schedule.news[result.source].map { now.adding($0) }
      didChange = didChange || !Self.areSame(latest[result.source], result)
      latest[result.source] = result
    }
    return didChange
  }

  /// While the clock is in doubt no boundary passes by it, and every target is looked at again as soon
  /// as one that failed, to see whether the doubt is over.
  mutating func note(_ report: RunReport, at now: Instant) {
    let isInDoubt = report.context.doubt != nil
    boundary = isInDoubt ? nil : report.nextBoundary
    for target in report.targets {
      let interval = interval(of: target.target)
      let isFailed = isInDoubt || target.failure != nil || target.failed > 0
      targetDue[target.target] = now.adding(isFailed ? min(interval, schedule.retry) : interval)
      if rung.remove(target.target) != nil {
        let isFalse = target.outcomes.isEmpty && target.failure == nil
        falseAlarms[target.target] = isFalse ? falseAlarms[target.target, default: 0] + 1 : 0
      } else if lastLook[target.target].map({ now.since($0) > Self.longestPause }) ?? false {
        falseAlarms[target.target] = 0
      }
      lastLook[target.target] = now
    }
  }

  private static func areSame(_ left: SourceResult?, _ right: SourceResult) -> Bool {
    guard let left else { return false }
    switch (left.reading, right.reading) {
    case (.success(let left), .success(let right)):
      return left.coverage == right.coverage && left.assignments == right.assignments
        && left.subjects == right.subjects && left.packages == right.packages
        && left.withoutSubject == right.withoutSubject && left.revocations == right.revocations
        && left.waiting == right.waiting
    case (.failure(let left), .failure(let right)):
      return left.kind == right.kind
    case (.success, .failure), (.failure, .success): return false
    }
  }
}
