import AccessModel
import ConnectorTesting
import Planning
import Testing

@Suite struct SourceBookTests {
  private func book(listing states: [AssignmentID: AssignmentState]) -> SourceBook {
    let reading = AssignmentReading(
      source: "src", subjects: [], packages: [], assignments: [], withoutSubject: states,
      coverage: .complete)
    return SourceBook(
      SourceResult(
        source: "src", reading: .success(reading), readAt: World.now, absentAfter: .zero),
      known: [World.known("a")], now: World.now)
  }

  @Test(arguments: [AssignmentState.expired, .deliveryFailed])
  func `what is over and no longer names its subject is revoked, not absent`(
    state: AssignmentState
  ) async throws {
    let book = book(listing: ["a": state])
    let ending = Ending.revoked(
      World.reference("a"), state: state.rawValue, seen: World.now)
    #expect(book.standing(of: "a") == .over(ending))
    var learned: [Ending?] = []
    try await book.updates(inPiecesOf: 10) { learned += $0.map(\.ending) }
    #expect(learned == [ending])
  }

  @Test func `what is being delivered to nobody yet is held`() {
    let book = book(listing: ["a": .delivering])
    #expect(
      book.standing(of: "a")
        == .held(reason: "src/a is listed as delivering, without a subject"))
  }

  @Test func `what is not listed at all is absent`() {
    let ending = book(listing: [:]).standing(of: "a")
    #expect(
      ending
        == .over(
          .absent(World.reference("a"), missingSince: World.now, confirmed: World.now)))
  }

  @Test func `G1: what is listed is live from its very start until just before its very end`() {
    func standing(at now: Instant) -> Standing? {
      let assignment = FakeAssignment(
        "a", subject: "ada", package: "p", start: World.day(0), end: World.day(1))
      return SourceBook(
        SourceResult(
          source: "src",
          reading: .success(
            AssignmentReading(source: "src", fakes: [assignment], coverage: .complete)),
          readAt: now, absentAfter: .zero),
        known: [], now: now
      ).standing(of: "a")
    }
    let moment = Duration.microseconds(1)
    #expect(standing(at: World.day(0).adding(.zero - moment)) == .notYet(start: World.day(0)))
    #expect(standing(at: World.day(0)) == .live)
    #expect(standing(at: World.day(1).adding(.zero - moment)) == .live)
    #expect(
      standing(at: World.day(1)) == .over(.expired(World.reference("a"), end: World.day(1))))
  }
}
