import AccessModel
import ConnectorTesting
import Planning
import Reconciling
import Testing

/// T3: runs on a machine whose clock jumps.
struct ClockTests {
  private let source = FakeSource(id: "partners")
  private let target = InMemoryTarget(groups: ["cn=eng", "cn=ops"])
  private let connector: Connector

  private static let hour = Duration.seconds(3_600)
  private static let decade = Duration.seconds(3_652 * 86_400)

  init() throws {
    connector = try Connector(source, target)
  }

  /// A server with a clock of its own, or none.
  private struct Server: ClockWitness {
    let witnessName: String
    let time: Instant?

    func serverClock(touching account: AccountIdentity?) async throws(ClockUnreadable) -> Instant {
      guard let time else { throw ClockUnreadable("no Date") }
      return time
    }
  }

  @Test(arguments: [decade, decade * -1, hour, hour * -1, .seconds(86_400)])
  func `T3: while the clock is in doubt nothing starts or ends by it, and the rest goes on`(
    jump: Duration
  ) async throws {
    let end = Connector.day(1)
    let later = assignment("eve", "Operations", start: Connector.day(1), end: Connector.day(9_000))
    var all = [assignment("ada", end: end), assignment("bob"), assignment("cem"), later]
    source.answer(all)
    try await connector.apply(at: Connector.day(0))
    let writes = await target.writes

    let wall = Connector.day(1, .seconds(60))
    var report = try await connector.apply(at: wall.adding(jump), jump: jump)
    #expect(report.verdict == .partlyApplied)
    #expect(report.context.now == Connector.day(0))
    #expect(report.book.doubted >= 2)
    #expect(report.doubt?.contains("bellhop release --clock") ?? false)
    #expect(await target.writes == writes)

    // What is revoked goes, what is added without an end in doubt comes.
    all[1].state = .expired
    all.append(assignment("fay"))
    all.append(assignment("gus", end: end))
    source.answer(all)
    report = try await connector.apply(at: wall.adding(jump).adding(.seconds(60)), jump: jump)
    #expect(report.verdict == .partlyApplied)
    #expect(await target.members("cn=eng") == ["ada", "cem", "fay"])
    #expect(await target.members("cn=ops") == [])

    // It comes right by itself.
    report = try await connector.apply(at: wall.adding(.seconds(120)))
    #expect(report.context.doubt == nil)
    #expect(report.verdict == .converged)
    #expect(report.context.now == wall.adding(.seconds(120)))
    #expect(await target.members("cn=eng") == ["cem", "fay"])
    #expect(await target.members("cn=ops") == ["eve"])
    #expect(await target.isDisabled("ada"))
  }

  @Test func `T3: one server that agrees settles a doubt, and one that does not says so`()
    async throws
  {
    source.answer([assignment("ada", end: Connector.day(1)), assignment("bob")])
    try await connector.apply(at: Connector.day(0))
    let (wall, jump) = (Connector.day(3), Duration.seconds(86_400))
    let wrong = Server(witnessName: "wiki", time: wall.adding(.seconds(301)))
    let dumb = Server(witnessName: "corp", time: nil)

    let held = try await connector.apply(at: wall, jump: jump, witnesses: [wrong, dumb])
    #expect(await target.members("cn=eng") == ["ada", "bob"])
    #expect(
      held.context.doubt?.reason.hasSuffix(
        "; corp cannot be asked: no Date; the clock of wiki says 2026-12-04T00:05:01Z") ?? false)

    let right = Server(witnessName: "wiki", time: wall.adding(.seconds(-300)))
    let settled = try await connector.apply(at: wall, jump: jump, witnesses: [dumb, right])
    #expect(settled.context.doubt == nil)
    #expect(await target.members("cn=eng") == ["bob"])

    // From then on the clock is measured from what the server said, and needs no server.
    let next = try await connector.apply(at: wall.adding(.seconds(60)), jump: jump)
    #expect(next.verdict == .converged)
  }

  @Test func `T3: a first run with a wrong clock is put right by a server, and poisons nothing`()
    async throws
  {
    source.answer([assignment("ada", end: Connector.day(9)), assignment("bob")])
    try await connector.apply(at: Connector.day(5_000), jump: .seconds(5_000 * 86_400))
    #expect(await target.members("cn=eng") == ["bob"])
    let server = Server(witnessName: "wiki", time: Connector.day(1))
    let report = try await connector.apply(at: Connector.day(1), witnesses: [server])
    #expect(report.context.now == Connector.day(1))
    #expect(await target.members("cn=eng") == ["ada", "bob"])
    try await connector.apply(at: Connector.day(9))
    #expect(await target.members("cn=eng") == ["bob"])
  }

  @Test func `T3: a released clock is good for one jump only`() async throws {
    source.answer([
      assignment("ada", end: Connector.day(2)), assignment("bob", end: Connector.day(40)),
    ])
    try await connector.apply(at: Connector.day(0))
    let jump = Duration.seconds(86_400 * 5)
    let wall = Connector.day(6)
    #expect(try await connector.apply(at: wall, jump: jump).context.doubt != nil)
    try await connector.store().recordClock(
      ClockRecord(
        reading: Connector.clock(at: wall, jump: jump),
        standing: .released(by: "kim", reason: "the battery was changed"), instant: wall))
    #expect(try await connector.apply(at: wall, jump: jump).verdict == .converged)
    #expect(await target.members("cn=eng") == ["bob"])
    let again = try await connector.apply(at: Connector.day(60), jump: .seconds(86_400 * 50))
    #expect(again.context.doubt != nil)
    #expect(await target.members("cn=eng") == ["bob"])
  }

  @Test func `T3: in doubt no account is deleted, no approval lapses and no removal is forgotten`()
    async throws
  {
    let names = (1...9).map { SubjectID("s\($0)") }
    source.answer(names.map { assignment($0) } + [assignment("gone", end: Connector.day(1))])
    try await connector.apply(at: Connector.day(0))
    try await connector.apply(at: Connector.day(1))
    #expect(await target.isDisabled("gone"))
    // Two removals of the day, and a third that they hold.
    source.answer(names.dropFirst(2).map { assignment($0) })
    try await connector.apply(at: Connector.day(1, .seconds(60)))
    source.answer(names.dropFirst(3).map { assignment($0) })

    let (wall, jump) = (Connector.day(1, .seconds(120)), Self.decade)
    let held = try await connector.apply(at: wall.adding(jump), jump: jump)
    #expect(held.verdict == .heldByLimits)
    #expect(await target.account("gone") != nil)
    #expect(await target.members("cn=eng").count == 7)

    let digest = try #require(held.targets[0].approved?.heldDigest).description
    try await connector.approve(digest, at: Connector.day(1, .seconds(120)))
    let more = Self.decade + .seconds(86_400 * 2)
    try await connector.apply(at: wall.adding(more), jump: more)
    #expect(await target.members("cn=eng").count == 6)
  }

  @Test func `T3: what must be confirmed by a second reading waits for the clock`() async throws {
    let patient = FakeSource(id: "partners", absentAfter: .seconds(600))
    connector.change { $0.sources = [patient] }
    patient.answer((1...3).map { assignment(SubjectID("s\($0)")) })
    try await connector.apply(at: Connector.day(0))
    patient.answer((2...3).map { assignment(SubjectID("s\($0)")) })
    try await connector.apply(at: Connector.day(0, .seconds(60)))
    try await connector.apply(
      at: Connector.day(0, .seconds(120)).adding(Self.hour), jump: Self.hour)
    #expect(await target.members("cn=eng") == ["s1", "s2", "s3"])
    try await connector.apply(at: Connector.day(0, .seconds(700)))
    #expect(await target.members("cn=eng") == ["s2", "s3"])
  }
}
