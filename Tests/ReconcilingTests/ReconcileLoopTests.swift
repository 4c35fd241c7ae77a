import AccessModel
import ConnectorTesting
import Planning
import Reconciling
import Synchronization
import Testing

/// `bellhop run` on a clock that only the test moves.
struct ReconcileLoopTests {
  /// A loop that runs, and the hands of its clocks.
  private final class Hall: Sendable {
    let source: CountingSource
    let target = InMemoryTarget(groups: ["cn=eng", "cn=ops"])
    let clock = ManualClock()
    let connector: Connector
    /// How far the wall clock was set away from the time that passed.
    let skew = Mutex(Duration.zero)
    /// How much of that the time since the machine started does not explain.
    let jump = Mutex(Duration.zero)
    let reports = Mutex<[RunReport]>([])
    /// How often the source had been read when each report was made.
    let readingsByThen = Mutex<[Int]>([])

    init(_ assignments: [FakeAssignment]) throws {
      source = CountingSource(FakeSource(id: "partners", assignments: assignments))
      connector = try Connector(.init(sources: [source], targets: [target]))
    }

    var wall: Instant {
      Connector.day(0).adding(clock.now.offset).adding(skew.withLock { $0 })
    }

    func start(sources: Duration, targets: Duration) throws -> Task<Void, any Error> {
      let store = try connector.store()
      let loop = ReconcileLoop(
        reconciler: try connector.reconciler(store),
        schedule: Schedule(sources: ["partners": sources], targets: ["memory": targets]),
        clock: clock, wallClock: { self.wall },
        makeContext: { () throws(LedgerError) in
          try await self.connector.begin(
            at: self.wall, jump: self.jump.withLock { $0 }, store)
        },
        finish: { report throws(LedgerError) in
          self.reports.withLock { $0.append(report) }
          self.readingsByThen.withLock { $0.append(self.source.readings) }
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

    func stop(_ run: Task<Void, any Error>) async throws {
      run.cancel()
      try await run.value
    }
  }

  @Test func `sources and targets are read on their own intervals`() async throws {
    let hall = try Hall([assignment("ada")])
    let run = try hall.start(sources: .seconds(600), targets: .seconds(240))
    try await hall.pass(.seconds(1200))
    #expect(hall.times == [0, 240, 480, 600, 720, 960, 1200].map { .seconds($0) })
    #expect(hall.source.readings == 3)
    #expect(await hall.target.readings == 6)
    #expect(await hall.target.members("cn=eng") == ["ada"])
    #expect(await hall.target.writes == 2)
    try await hall.stop(run)
  }

  @Test func `L1: what ends does not wait for a source that failed before`() async throws {
    let hall = try Hall([assignment("ada", end: Connector.day(0, .seconds(90)))])
    let run = try hall.start(sources: .seconds(30), targets: .seconds(3600))
    try await hall.pass(.seconds(15))
    hall.source.source.fail()
    try await hall.pass(.seconds(75), step: .seconds(15))
    let removing = hall.reports.withLock { reports in
      reports.firstIndex { $0.targets.contains { $0.outcomes.contains { $0.change.endsAccess } } }
    }
    #expect(hall.times == [0, 30, 60, 90, 90].map { .seconds($0) })
    #expect(removing == 3)
    #expect(hall.readingsByThen.withLock { $0 } == [1, 2, 3, 3, 4])
    try await hall.stop(run)
  }

  @Test func `a change in a source reaches the targets at once`() async throws {
    let hall = try Hall([assignment("ada")])
    let run = try hall.start(sources: .seconds(60), targets: .seconds(3600))
    try await hall.pass(.seconds(90))
    hall.source.source.answer([assignment("ada"), assignment("bob")])
    try await hall.pass(.seconds(30))
    #expect(await hall.target.members("cn=eng") == ["ada", "bob"])
    #expect(await hall.target.readings == 2)
    try await hall.stop(run)
  }

  @Test func `it wakes at the very instant of a start and of an end`() async throws {
    let (start, end) = (Connector.day(0, .seconds(100.5)), Connector.day(0, .seconds(200.25)))
    let hall = try Hall([assignment("ada", start: start, end: end)])
    let run = try hall.start(sources: .seconds(3600), targets: .seconds(3600))
    try await hall.pass(.seconds(100), step: .seconds(10))
    #expect(await hall.target.members("cn=eng") == [])
    try await hall.pass(.seconds(0.5))
    #expect(await hall.target.members("cn=eng") == ["ada"])
    hall.source.source.fail()
    try await hall.pass(.seconds(99.75), step: .seconds(10))
    #expect(await hall.target.members("cn=eng") == [])
    #expect(hall.times == [.zero, .seconds(100.5), .seconds(200.25)])
    try await hall.stop(run)
  }

  @Test func `what failed is tried again within a minute`() async throws {
    let hall = try Hall([assignment("ada")])
    hall.source.source.fail()
    await hall.target.set(.init(reading: .throwing(.retryLater)))
    let run = try hall.start(sources: .seconds(3600), targets: .seconds(3600))
    try await hall.pass(.seconds(120))
    #expect(hall.source.readings == 3)
    #expect(await hall.target.readings == 3)
    hall.source.source.answer([assignment("ada")])
    await hall.target.set(.init())
    try await hall.pass(.seconds(60))
    #expect(await hall.target.members("cn=eng") == ["ada"])
    try await hall.pass(.seconds(600))
    #expect(hall.source.readings == 4)
    try await hall.stop(run)
  }

  @Test func `it ends when it is cancelled, with its run recorded`() async throws {
    let hall = try Hall([assignment("ada")])
    let run = try hall.start(sources: .seconds(600), targets: .seconds(600))
    try await hall.clock.sleepers(atLeast: 1)
    try await hall.stop(run)
    #expect(hall.reports.withLock { $0.count } == 1)
    #expect(hall.clock.sleeping == 0)
  }

  @Test func `a machine that was suspended catches up within half a minute`() async throws {
    let end = Connector.day(0, .seconds(5000))
    let hall = try Hall([assignment("ada", end: end)])
    let run = try hall.start(sources: .seconds(3600), targets: .seconds(3600))
    try await hall.pass(.seconds(30))
    // While it was asleep the wall clock and the time since it started went on.
    hall.skew.withLock { $0 = .seconds(10_000) }
    try await hall.pass(.seconds(30))
    #expect(await hall.target.members("cn=eng") == [])
    #expect(hall.source.readings == 2)
    try await hall.stop(run)
  }

  @Test func `a wall clock that was set back delays nothing by more than an interval`()
    async throws
  {
    let hall = try Hall([assignment("ada")])
    let run = try hall.start(sources: .seconds(300), targets: .seconds(300))
    try await hall.pass(.seconds(300))
    #expect(hall.source.readings == 2)
    hall.jump(by: .seconds(-86_400))
    try await hall.pass(.seconds(330))
    #expect(hall.source.readings == 3)
    #expect(await hall.target.readings == 3)
    #expect(hall.times == [.zero, .seconds(300), .seconds(300)])
    try await hall.stop(run)
  }

  @Test func `an end that passed stays passed when the wall clock is set back`() async throws {
    let hall = try Hall([assignment("ada", end: Connector.day(0, .seconds(100)))])
    let run = try hall.start(sources: .seconds(60), targets: .seconds(60))
    try await hall.pass(.seconds(120), step: .seconds(10))
    #expect(await hall.target.members("cn=eng") == [])
    let writes = await hall.target.writes
    hall.jump(by: .seconds(-110))
    try await hall.pass(.seconds(120), step: .seconds(10))
    #expect(await hall.target.writes == writes)
    try await hall.stop(run)
  }

  @Test func `T3: while the clock is ahead the loop waits, and is on time once it is right again`()
    async throws
  {
    let end = Connector.day(0, .seconds(1000))
    let hall = try Hall([assignment("ada", end: end)])
    let run = try hall.start(sources: .seconds(300), targets: .seconds(300))
    try await hall.pass(.seconds(60))
    hall.jump(by: .seconds(3_650 * 86_400))
    try await hall.pass(.seconds(600))
    #expect(await hall.target.members("cn=eng") == ["ada"])
    // It looks once a minute whether the doubt is over, and does not spin.
    #expect((8...14).contains(hall.times.count))
    #expect(hall.reports.withLock { $0.last?.verdict } == .partlyApplied)
    hall.jump(by: .seconds(-3_650 * 86_400))
    try await hall.pass(.seconds(339), step: .seconds(10))
    #expect(await hall.target.members("cn=eng") == ["ada"])
    try await hall.pass(.seconds(2), step: .seconds(1))
    #expect(await hall.target.members("cn=eng") == [])
    #expect(hall.times.last == .seconds(1000))
    try await hall.stop(run)
  }

  @Test func `a ledger that fails ends it`() async throws {
    let hall = try Hall([assignment("ada")])
    let store = try hall.connector.store()
    let mortal = MortalLedger(store, crash: .init(write: 2, takesEffect: false))
    let loop = ReconcileLoop(
      reconciler: try hall.connector.reconciler(mortal),
      schedule: Schedule(sources: ["partners": .seconds(60)], targets: ["memory": .seconds(60)]),
      clock: hall.clock, wallClock: { hall.wall },
      makeContext: { () throws(LedgerError) in
        try await hall.connector.begin(at: hall.wall, store)
      },
      finish: { _ in })
    await #expect(throws: LedgerError.self) { try await loop.run() }
    #expect(await hall.target.writes == 0)
  }
}

extension ReconcileLoopTests {
  @Test func `L7: a target that hangs holds up nobody else, and is left alone until it ends`()
    async throws
  {
    let source = FakeSource(id: "partners", assignments: [assignment("ada")])
    let target = InMemoryTarget(groups: ["cn=eng", "cn=ops"])
    let hanging = HangingTarget(InMemoryTarget(groups: ["cn=eng"], id: "hanging"))
    let connector = try Connector(.init(sources: [source], targets: [target, hanging]))
    let (store, clock) = (try connector.store(), ManualClock())
    let reports = Mutex<[RunReport]>([])
    @Sendable func wall() -> Instant { Connector.day(0).adding(clock.now.offset) }
    let loop = ReconcileLoop(
      reconciler: try connector.reconciler(store),
      schedule: Schedule(
        sources: ["partners": .seconds(60)],
        targets: ["memory": .seconds(60), "hanging": .seconds(60)], patience: .milliseconds(300)),
      clock: clock, wallClock: wall,
      makeContext: { () throws(LedgerError) in try await connector.begin(at: wall(), store) },
      finish: { report throws(LedgerError) in reports.withLock { $0.append(report) } })
    let run = Task { try await loop.run() }
    for _ in 1...3 {
      try await clock.sleepers(atLeast: 1)
      clock.advance(by: .seconds(30))
      try await clock.sleepers(atLeast: 1)
      clock.advance(by: .seconds(30))
    }
    try await clock.sleepers(atLeast: 1)
    #expect(await target.members("cn=eng") == ["ada"])
    #expect(reports.withLock { $0.count } == 4)
    #expect(hanging.readings == 1)
    let last = try #require(reports.withLock { $0.last })
    #expect(last.verdict == .unavailable)
    #expect(last.targets.first?.failure?.description.contains("still at work") ?? false)
    run.cancel()
    try await run.value
    #expect(clock.sleeping == 0)
  }
}

/// Never answers, until it is told to stop.
private final class HangingTarget: Target {
  private let memory: InMemoryTarget
  private let count = Mutex(0)

  init(_ memory: InMemoryTarget) { self.memory = memory }

  var id: TargetID { memory.id }
  var traits: TargetTraits { memory.traits }
  var readings: Int { count.withLock { $0 } }

  func entitlementKey(for name: String) throws(TargetError) -> EntitlementKey {
    try memory.entitlementKey(for: name)
  }

  func readActualState(_ scope: ManagedScope) async throws(TargetError) -> ActualState {
    count.withLock { $0 += 1 }
    do { try await Task.sleep(for: .seconds(600)) } catch {}
    throw TargetError(target: id, disposition: .retryLater, message: "it was told to stop")
  }

  func apply(
    _ changes: [Change], progress: @Sendable (Progress) -> Void
  ) async throws(TargetError) -> [Outcome] {
    try await memory.apply(changes, progress: progress)
  }
}

/// Counts how often it is read.
private final class CountingSource: AssignmentSource {
  let source: FakeSource
  private let count = Mutex(0)

  init(_ source: FakeSource) { self.source = source }

  var id: SourceID { source.id }
  var absentAfter: Duration { source.absentAfter }
  var readings: Int { count.withLock { $0 } }

  func read(_ context: RunContext) async throws(SourceError) -> AssignmentReading {
    count.withLock { $0 += 1 }
    return try await source.read(context)
  }
}
