import AccessModel
import ConnectorTesting
import Planning
import Reconciling
import Synchronization
import Testing

/// `bellhop run` on a clock that only the test moves.
struct ReconcileLoopTests {
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

  @Test func `after a wall clock was set back everything is looked at within half a minute`()
    async throws
  {
    let hall = try Hall([assignment("ada")])
    let run = try hall.start(sources: .seconds(300), targets: .seconds(300))
    try await hall.pass(.seconds(300))
    #expect(hall.source.readings == 2)
    hall.jump(by: .seconds(-86_400))
    try await hall.pass(.seconds(30))
    try await hall.rounds(atLeast: 3)
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

  @Test func `T3: a clock that was ahead in one run, and right before and after it, delays no end`()
    async throws
  {
    let tenYears = Duration.seconds(3_650 * 86_400)
    let hall = try Hall([assignment("ada", end: Connector.day(0, .seconds(400)))])
    let run = try hall.start(sources: .seconds(300), targets: .seconds(300))
    try await hall.rounds(atLeast: 1)
    hall.source.close()
    hall.clock.advance(by: .seconds(300))
    // The round has begun, and has not looked at the clock for its plan.
    while hall.source.readings < 2 { try await Task.sleep(for: .milliseconds(2)) }
    hall.jump(by: tenYears)
    hall.afterwards.withLock {
      $0 = { report in if report.context.doubt != nil { hall.jump(by: .zero - tenYears) } }
    }
    hall.source.open()
    try await hall.pass(.seconds(100), step: .seconds(10))
    #expect(hall.reports.withLock { $0.count { $0.context.doubt != nil } } == 1)
    #expect(hall.removalTimes == [.seconds(400)])
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
        targets: ["memory": .seconds(60), "hanging": .seconds(60)], patience: .seconds(1),
        gathering: .seconds(30)),
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
    let times = reports.withLock { $0.map { $0.context.now.since(Connector.day(0)) } }
    #expect(Set(times).isSuperset(of: [0, 60, 120, 180].map { .seconds($0) }))
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
final class HangingTarget: Target {
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
