import AccessModel
import Planning
import Testing

@Suite struct WaitingTests {
  private static let now = Instant(CivilTime(year: 2026, month: 11, day: 21))

  private func removal(
    _ subject: SubjectID, _ obstacle: PendingRemoval.Obstacle, hours: Int, digest: String? = nil,
    target: TargetID = "corp"
  ) -> PendingRemoval {
    PendingRemoval(
      target: target, kind: "removeMember", group: "g", subject: subject, account: nil,
      obstacle: obstacle, digest: digest, since: Self.now.adding(.seconds(-3_600 * hours)))
  }

  @Test func `L2: what waits is told with its number, its oldest age and the way out`() {
    let waiting = Waiting.summary(
      of: [
        removal("ada", .limits, hours: 3, digest: "d1"),
        removal("bob", .limits, hours: 30, digest: "d1"),
        removal("cem", .failed, hours: 0), removal("dora", .unreachable, hours: 49, target: "wiki"),
      ], now: Self.now)
    #expect(waiting.map(\.count) == [2, 1, 1])
    #expect(waiting.map(\.isOverdue) == [true, false, true])
    #expect(
      waiting.map(\.description) == [
        "corp: 2 removal(s) wait since 2026-11-19T18:00:00Z, 30 h, more than a day: limits hold them; "
          + "review with 'bellhop plan', then 'bellhop approve d1'",
        "corp: 1 removal(s) wait since 2026-11-21T00:00:00Z, less than 1 h: the target refused them or "
          + "did not answer; tried again",
        "wiki: 1 removal(s) wait since 2026-11-18T23:00:00Z, 2 d, more than a day: the target could "
          + "not be read; tried again",
      ])
  }

  @Test(arguments: [(24, false), (25, true)])
  func `L2: a day is the limit`(hours: Int, isOverdue: Bool) {
    let waiting = Waiting.summary(of: [removal("ada", .failed, hours: hours)], now: Self.now)
    #expect(waiting.map(\.isOverdue) == [isOverdue])
  }
}
