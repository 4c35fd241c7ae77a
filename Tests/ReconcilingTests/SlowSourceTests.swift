import AccessModel
import ConnectorTesting
import Planning
import Reconciling
import Synchronization
import Testing

/// A loop whose source takes its time.
struct SlowSourceTests {
  private let later = Connector.day(30)
  private let moment = Duration.milliseconds(200)

  @Test func `L1: an end comes at its very instant while its source is being read`() async throws {
    let hall = try Hall([assignment("ada", end: Connector.day(0, .seconds(90)))])
    let run = try hall.start(sources: .seconds(60), targets: .seconds(3600), gathering: moment)
    try await hall.pass(.seconds(30))
    hall.source.close()
    try await hall.pass(.seconds(59), step: .seconds(10))
    #expect(await hall.target.members("cn=eng") == ["ada"])
    try await hall.pass(.seconds(1))
    #expect(await hall.target.members("cn=eng") == [])
    #expect(hall.removalTimes == [.seconds(90)])
    #expect(hall.source.readings == 2)
    try await hall.stop(run)
  }

  @Test func `L1: instants neither restart a long reading nor keep it from being taken over`()
    async throws
  {
    let guests = (1...20).map { number in
      assignment(SubjectID("g\(number)"), end: Connector.day(0, .seconds(Double(60 + 5 * number))))
    }
    let hall = try Hall(guests)
    let run = try hall.start(sources: .seconds(60), targets: .seconds(3600), gathering: moment)
    try await hall.pass(.seconds(30))
    hall.source.close()
    hall.source.source.answer(guests + [assignment("zoe")])
    try await hall.pass(.seconds(110), step: .seconds(5))
    #expect(await hall.target.members("cn=eng") == (17...20).map { "g\($0)" })
    #expect(hall.source.readings == 2)
    hall.source.open()
    try await hall.until { await hall.target.members("cn=eng").contains("zoe") }
    #expect(await hall.target.members("cn=eng") == (17...20).map { "g\($0)" } + ["zoe"])
    #expect(hall.source.mostAtOnce == 1)
    try await hall.stop(run)
  }

  @Test func `G9: a reading begun before an end brings nothing back that ended meanwhile`()
    async throws
  {
    let end = Connector.day(0, .seconds(90))
    let hall = try Hall([assignment("ada", end: end)])
    let run = try hall.start(sources: .seconds(60), targets: .seconds(3600), gathering: moment)
    try await hall.pass(.seconds(30))
    hall.source.close()
    hall.source.source.answer([assignment("ada", end: later)])
    try await hall.pass(.seconds(70), step: .seconds(10))
    #expect(await hall.target.members("cn=eng") == [])
    let before = hall.reports.withLock { $0.count }
    hall.source.open()
    try await hall.rounds(atLeast: before + 1)
    #expect(await hall.target.members("cn=eng") == [])
    #expect(hall.source.readings == 2)
    // The next reading was begun after the end, so that what it says counts.
    try await hall.pass(.seconds(30), step: .seconds(10))
    try await hall.until { await hall.target.members("cn=eng") == ["ada"] }
    #expect(hall.source.readings == 3)
    #expect(await hall.target.members("cn=eng") == ["ada"])
    try await hall.stop(run)
  }

  @Test func `what fell due while nobody ran ends before a source has answered`() async throws {
    let end = Connector.day(0, .seconds(90))
    let hall = try Hall([assignment("ada", end: end), assignment("bob")])
    try await hall.connector.apply(at: hall.wall)
    hall.skew.withLock { $0 = .seconds(3 * 86_400) }
    hall.source.close()
    let run = try hall.start(sources: .seconds(60), targets: .seconds(60), gathering: moment)
    try await hall.rounds(atLeast: 1)
    #expect(await hall.target.members("cn=eng") == ["bob"])
    let first = try #require(hall.reports.withLock { $0.first })
    #expect(first.verdict == .unavailable)
    #expect(first.sources.first?.error?.message.contains("first reading") ?? false)
    hall.source.open()
    try await hall.rounds(atLeast: 2)
    #expect(hall.reports.withLock { $0.last?.verdict } == .converged)
    #expect(hall.source.readings == 2)
    try await hall.stop(run)
  }

  @Test func `news are heard while everything is read, and outlive an older reading`()
    async throws
  {
    let hall = try Hall([assignment("ada")], absentAfter: .seconds(600))
    let run = try hall.start(
      sources: .seconds(60), targets: .seconds(3600), news: .seconds(15),
      gathering: moment)
    try await hall.pass(.seconds(30), step: .seconds(5))
    hall.source.close()
    try await hall.pass(.seconds(31), step: .seconds(5))
    #expect(hall.source.readings == 2)
    let revoked = assignment("ada", state: .expired)
    hall.source.tell([revoked, assignment("bob")])
    try await hall.pass(.seconds(20), step: .seconds(5))
    try await hall.until { await hall.target.members("cn=eng") == ["bob"] }
    #expect(await hall.target.members("cn=eng") == ["bob"])
    hall.source.tell(nil)
    let before = hall.reports.withLock { $0.count }
    hall.source.open()
    try await hall.rounds(atLeast: before + 1)
    // The reading was begun before the news, and says that ada is there and knows nothing of bob.
    #expect(await hall.target.members("cn=eng") == ["bob"])
    try await hall.stop(run)
  }

  @Test func `C9: a reading that hangs does not keep the loop from stopping`() async throws {
    let hall = try Hall([assignment("ada")])
    let run = try hall.start(sources: .seconds(60), targets: .seconds(60), gathering: moment)
    try await hall.pass(.seconds(30))
    hall.source.close()
    try await hall.pass(.seconds(60))
    let told = ContinuousClock.now
    try await hall.stop(run)
    #expect(ContinuousClock.now - told < .seconds(30))
  }

  @Test func `L1: an end at one target does not wait for another that hangs`() async throws {
    let hanging = HangingTarget(InMemoryTarget(groups: ["cn=eng"], id: "hanging"))
    let hall = try Hall(
      [assignment("ada", end: Connector.day(0, .seconds(3)))], others: [hanging])
    let run = try hall.start(
      sources: .seconds(3600), targets: .seconds(3600), patience: .seconds(600))
    let begun = ContinuousClock.now
    try await hall.rounds(atLeast: 1)
    #expect(await hall.target.members("cn=eng") == ["ada"])
    try await hall.pass(.seconds(3))
    #expect(await hall.target.members("cn=eng") == [])
    #expect(hanging.readings == 1)
    #expect(ContinuousClock.now - begun < .seconds(60))
    try await hall.stop(run)
  }
}

/// What is down is tried again, less and less often.
struct BackOffTests {
  @Test func `a source that is down is tried less and less often, until it answers`()
    async throws
  {
    let hall = try Hall([assignment("ada")])
    hall.source.source.fail()
    let run = try hall.start(sources: .seconds(300), targets: .seconds(3600))
    try await hall.pass(.seconds(1260), step: .seconds(5))
    // After 5, 10, 20, 40, 80 and 160 seconds, then every five minutes.
    #expect(hall.source.readings == 10)
    #expect(
      hall.times == [0, 5, 15, 35, 75, 155, 315, 615, 915, 1215].map { .seconds($0) })
    hall.source.source.answer([assignment("ada")])
    try await hall.pass(.seconds(255), step: .seconds(5))
    #expect(await hall.target.members("cn=eng") == ["ada"])
    hall.source.source.fail()
    try await hall.pass(.seconds(305), step: .seconds(5))
    #expect(hall.source.readings == 13)
    try await hall.stop(run)
  }

  @Test func `L1: a target that is down is tried less and less often, and others have their ends`()
    async throws
  {
    let down = InMemoryTarget(groups: ["cn=eng"], id: "down")
    await down.set(.init(reading: .throwing(.retryLater)))
    let ends = (1...10).map { number in
      assignment(SubjectID("g\(number)"), end: Connector.day(0, .seconds(Double(1000 + number))))
    }
    let hall = try Hall(ends, others: [down])
    let run = try hall.start(sources: .seconds(3600), targets: .seconds(300))
    try await hall.pass(.seconds(1000), step: .seconds(5))
    #expect(await down.readings == 9)
    // Ten ends within ten seconds: each is kept where it can be, and what is down is not hammered.
    try await hall.pass(.seconds(10), step: .seconds(1))
    #expect(await hall.target.members("cn=eng") == [])
    #expect(hall.removalTimes == (1001...1010).map { .seconds($0) })
    #expect(await down.readings <= 12)
    try await hall.stop(run)
  }

  @Test func `a change in a source does not hurry a target that is down`() async throws {
    let down = InMemoryTarget(groups: ["cn=eng"], id: "down")
    await down.set(.init(reading: .throwing(.retryLater)))
    let hall = try Hall([assignment("ada")], others: [down])
    let run = try hall.start(sources: .seconds(1), targets: .seconds(300))
    for number in 1...60 {
      hall.source.source.answer([assignment("ada"), assignment(SubjectID("g\(number)"))])
      try await hall.pass(.seconds(1))
    }
    #expect(await hall.target.members("cn=eng").contains("g59"))
    #expect(await down.readings == 4)
    await down.set(.init())
    try await hall.pass(.seconds(20), step: .seconds(1))
    #expect(await down.readings >= 5)
    try await hall.stop(run)
  }
}
