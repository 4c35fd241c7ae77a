package import AccessModel
import Logging
import Planning

/// `bellhop run`: every source and target on its interval, awake at the exact instant of the next
/// start or end, and when a target rings. Ends when its task is cancelled, after the batch in flight.
///
/// Sources are read beside it. It acts on what is known, which is the ledger and the last reading of
/// each source that has ended, and takes over a reading whole when that ends; so nothing slow stands
/// between an end and its removal.
package struct ReconcileLoop<C: Clock>: Sendable where C.Duration == Duration {
  private let reconciler: Reconciler
  private let schedule: Schedule
  private let doorbells: [any Doorbell]
  private let clock: C
  private let wallClock: @Sendable () -> Instant
  private let chance: @Sendable () -> Double
  private let makeContext: @Sendable () async throws(LedgerError) -> RunContext
  private let finish: @Sendable (RunReport) async throws(LedgerError) -> Void
  private let answer: @Sendable (RunReport) async throws(LedgerError) -> Bool

  /// Nobody sleeps longer at once, so that a wall clock that was set, or a machine that was suspended,
  /// is noticed.
  private static var longestSleep: Duration { .seconds(30) }
  /// A reading that takes longer hangs.
  private static var longestReading: Duration { .seconds(3_600) }

  /// `makeContext` judges the clock and begins a run in the ledger, `finish` ends it and tells about
  /// it; `answer` lets requests that waited for the run go on, beside the loop, and is true if it must
  /// see the targets again. `chance` gives numbers from 0 to 1.
  package init(
    reconciler: Reconciler, schedule: Schedule, doorbells: [any Doorbell] = [], clock: C,
    wallClock: @escaping @Sendable () -> Instant,
    chance: @escaping @Sendable () -> Double = { .random(in: 0...1) },
    makeContext: @escaping @Sendable () async throws(LedgerError) -> RunContext,
    finish: @escaping @Sendable (RunReport) async throws(LedgerError) -> Void,
    answer: @escaping @Sendable (RunReport) async throws(LedgerError) -> Bool = { _ in false }
  ) {
    self.reconciler = reconciler
    self.schedule = schedule
    self.doorbells = doorbells
    self.clock = clock
    self.wallClock = wallClock
    self.chance = chance
    self.makeContext = makeContext
    self.finish = finish
    self.answer = answer
  }

  /// What goes on beside the loop, and rings when there is something to see.
  private struct Side {
    let bell: Bell
    let inquiries: Inquiries<C>
    let stragglers: Stragglers
    let answering: Answering

    func end() async {
      await inquiries.end()
      await stragglers.end()
      await answering.end()
    }
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
    let side = Side(
      bell: bell, inquiries: Inquiries(clock: clock, bell: bell),
      stragglers: Stragglers(patience: schedule.patience, bell: bell),
      answering: Answering(bell: bell, answer))
    do throws(LedgerError) {
      try await rounds(side)
    } catch {
      await side.end()
      throw error
    }
    await side.end()
  }

  private func rounds(_ side: Side) async throws(LedgerError) {
    var agenda = Agenda(schedule: schedule, now: wallClock(), chance: chance)
    while !Task.isCancelled {
      let begun = inquire(&agenda, side.inquiries)
      await gather(&agenda, begun, side)
      let now = look(&agenda)
      agenda.note(rung: side.bell.answer(), at: now)
      if try side.answering.takeNote() { agenda.lookAgain(at: now) }
      let late = side.stragglers.takeLate()
      agenda.note(ended: Set(late.keys), at: now)
      let (readings, heard) = side.inquiries.take()
      let news = heard.filter { isNews($0, &agenda, at: now) }
      let due = agenda.targetsToVisit(at: now)
      let isPassed = agenda.isBoundaryPassed(at: now)
      if isPassed || !due.isEmpty || !readings.isEmpty || !news.isEmpty {
        let context = try await makeContext()
        let isChanged = agenda.note(readings, news, context, clock, at: now)
        try await pass(&agenda, due, isChanged: isChanged, context, late, side, at: now)
      }
      await sleep(&agenda, side.bell)
    }
  }

  /// What the clock shows now. The agenda hears of every look at it: whatever was planned by a clock
  /// that was wrong for a moment is planned anew once it is right again.
  private func look(_ agenda: inout Agenda) -> Instant {
    let now = wallClock()
    agenda.note(clock: now)
    return now
  }

  /// Begins to read, and to ask for news, what is due for it. Gives the sources that are read anew.
  private func inquire(_ agenda: inout Agenda, _ inquiries: Inquiries<C>) -> Set<SourceID> {
    let now = look(&agenda)
    let context = RunContext(run: RunID("inquiry"), now: now)
    let (toRead, toAsk) = (agenda.sourcesToRead(at: now), agenda.sourcesToAsk(at: now))
    inquiries.giveUp(after: Self.longestReading)
    for source in reconciler.sources {
      if toRead.contains(source.id) { inquiries.read(source, context) }
      if let base = toAsk[source.id], let source = source as? any NewsSource {
        inquiries.ask(source, since: base, context)
      }
    }
    return toRead
  }

  /// Waits a moment for readings that have just begun, unless something starts or ends.
  private func gather(
    _ agenda: inout Agenda, _ begun: Set<SourceID>, _ side: Side
  ) async {
    var patience = schedule.gathering
    if let left = agenda.untilBoundary(at: look(&agenda)) { patience = min(patience, left) }
    let end = ContinuousClock.now + patience
    while side.inquiries.isReading(anyOf: begun), !Task.isCancelled, .now < end {
      await side.bell.wait { try await Task.sleep(until: end) }
      agenda.note(rung: side.bell.answer(), at: look(&agenda))
    }
  }

  /// Notes that a source was asked. False if that brought nothing.
  private func isNews(
    _ news: Inquiries<C>.News, _ agenda: inout Agenda, at now: Instant
  ) -> Bool {
    let isNews = agenda.note(asked: news.base, news.result, at: now)
    if case .failure(let error) = news.result, agenda.isFirstFailure(ofNewsFrom: news.base.source) {
      reconciler.logger.info("\(error)")
    }
    return isNews
  }

  private func pass(
    _ agenda: inout Agenda, _ due: Set<TargetID>, isChanged: Bool, _ context: RunContext,
    _ late: [TargetID: TargetReport], _ side: Side, at now: Instant
  ) async throws(LedgerError) {
    var targets = due
    if isChanged || agenda.isAwaited { targets.formUnion(agenda.targetsThatAnswer) }
    if agenda.isBoundaryPassed(at: context.now) {
      targets.formUnion(agenda.targetsToVisit(at: context.now))
    }
    var report = try await reconciler.apply(
      context, readings: agenda.readings, selection: Selection(targets: targets), side.stragglers)
    report.late = late.values.sorted { $0.target < $1.target }
    agenda.note(report, at: now)
    try await finish(report)
    if agenda.isAwaited { side.answering.answer(report) }
  }

  /// Until something is due, or the bell rings.
  private func sleep(_ agenda: inout Agenda, _ bell: Bell) async {
    let now = look(&agenda)
    let left = agenda.nextWake.since(now)
    guard left > .zero else { return }
    await bell.wait { [clock] in try await clock.sleep(for: min(left, Self.longestSleep)) }
  }
}
