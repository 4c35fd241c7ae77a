import AccessModel
import ConnectorTesting
import Planning
import Reconciling
import Synchronization

/// A loop that runs, and the hands of its clocks.
final class Hall: Sendable {
  let source: GatedSource
  let target = InMemoryTarget(groups: ["cn=eng", "cn=ops"])
  let clock = ManualClock()
  let connector: Connector
  /// How far the wall clock was set away from the time that passed.
  let skew = Mutex(Duration.zero)
  /// How much of that the time since the machine started does not explain.
  let jump = Mutex(Duration.zero)
  let reports = Mutex<[RunReport]>([])
  /// What happens as soon as a run is over.
  let afterwards = Mutex<(@Sendable (RunReport) -> Void)?>(nil)
  let others: [TargetID]

  init(
    _ assignments: [FakeAssignment], others: [any Target] = [], absentAfter: Duration = .zero
  ) throws {
    source = GatedSource(
      FakeSource(id: "partners", absentAfter: absentAfter, assignments: assignments))
    connector = try Connector(.init(sources: [source], targets: [target] + others))
    self.others = others.map(\.id)
  }

  var wall: Instant {
    Connector.day(0).adding(clock.now.offset).adding(skew.withLock { $0 })
  }

  func start(
    sources: Duration, targets: Duration, news: Duration? = nil, patience: Duration? = nil,
    gathering: Duration = .seconds(30)
  ) throws -> Task<Void, any Error> {
    let store = try connector.store()
    let loop = ReconcileLoop(
      reconciler: try connector.reconciler(store),
      schedule: Schedule(
        sources: ["partners": sources],
        targets: Dictionary(
          uniqueKeysWithValues: (others + ["memory"]).map { ($0, targets) }),
        news: news.map { ["partners": $0] } ?? [:], patience: patience,
        gathering: gathering),
      clock: clock, wallClock: { self.wall }, chance: { 0 },
      makeContext: { () throws(LedgerError) in
        try await self.connector.begin(at: self.wall, jump: self.jump.withLock { $0 }, store)
      },
      finish: { report throws(LedgerError) in
        self.reports.withLock { $0.append(report) }
        self.afterwards.withLock { $0 }?(report)
      })
    return Task { try await loop.run() }
  }

  /// Lets the time pass in steps no longer than the loop's longest sleep.
  func pass(_ duration: Duration, step: Duration = .seconds(30)) async throws {
    var left = duration
    while left > .zero {
      try await clock.sleepers(atLeast: 1)
      clock.advance(by: min(left, step))
      left -= step
    }
    try await clock.sleepers(atLeast: 1)
  }

  func jump(by duration: Duration) {
    skew.withLock { $0 += duration }
    jump.withLock { $0 += duration }
  }

  var times: [Duration] {
    reports.withLock { $0.map { $0.context.now.since(Connector.day(0)) } }
  }

  /// Until that is so, in two minutes at most, and the loop sleeps.
  func until(_ condition: @Sendable () async -> Bool) async throws {
    let start = ContinuousClock.now
    while await !condition(), ContinuousClock.now - start < .seconds(120) {
      try await Task.sleep(for: .milliseconds(2))
    }
    try await clock.sleepers(atLeast: 1)
  }

  /// Until that many rounds are over, and the loop sleeps.
  func rounds(atLeast count: Int) async throws {
    try await until { self.reports.withLock { $0.count } >= count }
  }

  /// When access was taken away.
  var removalTimes: [Duration] {
    reports.withLock { reports in
      reports.filter { $0.targets.contains { $0.outcomes.contains { $0.change.endsAccess } } }
        .map { $0.context.now.since(Connector.day(0)) }
    }
  }

  func stop(_ run: Task<Void, any Error>) async throws {
    run.cancel()
    try await run.value
  }
}

/// Counts how often it is read, and answers only while its gate is open. What it says is what it knew
/// when the reading began.
final class GatedSource: NewsSource {
  let source: FakeSource
  private struct State {
    var readings = 0
    var underway = 0
    var mostAtOnce = 0
    var isClosed = false
    var news: [FakeAssignment]?
    var questions = 0
  }
  private let state = Mutex(State())

  init(_ source: FakeSource) { self.source = source }

  var id: SourceID { source.id }
  var absentAfter: Duration { source.absentAfter }
  var newsInterval: Duration? { .seconds(15) }
  var readings: Int { state.withLock { $0.readings } }
  var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }
  var questions: Int { state.withLock { $0.questions } }

  func close() { state.withLock { $0.isClosed = true } }
  func open() { state.withLock { $0.isClosed = false } }
  /// What it answers when it is asked for news, also while its gate is closed.
  func tell(_ assignments: [FakeAssignment]?) { state.withLock { $0.news = assignments } }

  func read(_ context: RunContext) async throws(SourceError) -> AssignmentReading {
    state.withLock { state in
      state.readings += 1
      state.underway += 1
      state.mostAtOnce = max(state.mostAtOnce, state.underway)
    }
    defer { state.withLock { $0.underway -= 1 } }
    let answer: Result<AssignmentReading, SourceError>
    do throws(SourceError) {
      answer = .success(try await source.read(context))
    } catch {
      answer = .failure(error)
    }
    while state.withLock({ $0.isClosed }) {
      do { try await Task.sleep(for: .milliseconds(2)) } catch {
        throw SourceError(source: id, kind: .unavailable, message: "it was told to stop")
      }
    }
    return try answer.get()
  }

  func news(
    _ context: RunContext, since reading: AssignmentReading, readAt: Instant
  ) async throws(SourceError) -> AssignmentReading? {
    let news = state.withLock { state in
      state.questions += 1
      return state.news
    }
    return news.map { AssignmentReading(source: id, fakes: $0) }
  }
}
