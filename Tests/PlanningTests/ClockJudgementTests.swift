import AccessModel
import Planning
import Testing

/// T3: the judgement over values. `base` was read an hour after the machine started.
struct ClockJudgementTests {
  private static let noon = Instant(CivilTime(year: 2026, month: 11, day: 21, hour: 12))
  private static let base = ClockReading(wall: noon, sinceBoot: .seconds(3_600), boot: "first")

  /// A reading `elapsed` after the base by the time since the start, whose wall clock was set `jump`
  /// away from that.
  private func reading(
    after elapsed: Duration, jump: Duration, boot: String = "first"
  ) -> ClockReading {
    ClockReading(
      wall: Self.noon.adding(elapsed).adding(jump), sinceBoot: .seconds(3_600) + elapsed, boot: boot
    )
  }

  private func history(doubted: ClockReading? = nil) -> ClockHistory {
    ClockHistory(base: Self.base, highest: Self.noon, doubted: doubted)
  }

  private static let day = Duration.seconds(86_400)

  @Test func `T3: a fresh ledger takes the clock as it is`() {
    let reading = reading(after: .zero, jump: .zero)
    #expect(ClockJudgement(reading, history: nil) == .sound(now: Self.noon, base: reading))
  }

  @Test(arguments: [Duration.zero, .seconds(300), .seconds(-300), .milliseconds(1)])
  func `T3: five minutes either way are no jump`(jump: Duration) {
    for elapsed in [Duration.seconds(60), Self.day * 400] {
      let reading = reading(after: elapsed, jump: jump)
      #expect(
        ClockJudgement(reading, history: history())
          == .sound(now: max(reading.wall, Self.noon), base: Self.base))
    }
  }

  @Test(arguments: [
    Duration.seconds(301), .seconds(-301), .seconds(-3_600), day, day * 3_650, day * -3_650,
  ])
  func `T3: more than five minutes that the time since the start does not explain is a jump`(
    jump: Duration
  ) throws {
    let reading = reading(after: .seconds(600), jump: jump)
    guard case .doubtful(let doubt) = ClockJudgement(reading, history: history()) else {
      Issue.record("it was believed")
      return
    }
    #expect(doubt.since == Self.noon)
    #expect(!doubt.covers(Self.noon))
    #expect(doubt.covers(Self.noon.adding(.seconds(1))))
    #expect(doubt.covers(Self.noon.adding(.seconds(600))), "that much has passed for certain")
    #expect(doubt.covers(reading.wall) == (reading.wall > Self.noon))
    #expect(!doubt.covers(max(reading.wall, Self.noon).adding(.seconds(601))))
  }

  @Test func `T3: a clock that stands still is found out`() {
    let reading = reading(after: .seconds(301), jump: .seconds(-301))
    guard case .doubtful = ClockJudgement(reading, history: history()) else {
      Issue.record("it was believed")
      return
    }
  }

  @Test func `T3: steps of less than five minutes add up`() {
    var history = history()
    var isInDoubt = false
    for step in 1...3 {
      let reading = reading(after: .seconds(60 * step), jump: .seconds(120 * step))
      switch ClockJudgement(reading, history: history) {
      case .sound(let now, let base): history = ClockHistory(base: base, highest: now)
      case .doubtful: isInDoubt = true
      }
      #expect(isInDoubt == (step == 3))
    }
  }

  @Test(arguments: [
    (Duration.seconds(-301), false), (.seconds(-300), true), (.seconds(5), true),
    (day, true), (day + .seconds(1), false), (day * 3_650, false),
  ])
  func `T3: after another start of the machine a day is believed and not more`(
    gap: Duration, isBelieved: Bool
  ) {
    for boot in ["second", ""] {
      let reading = ClockReading(
        wall: Self.noon.adding(gap), sinceBoot: .seconds(9_000), boot: boot)
      let judgement = ClockJudgement(reading, history: history())
      if isBelieved {
        #expect(judgement == .sound(now: max(reading.wall, Self.noon), base: reading))
      } else if case .sound = judgement {
        Issue.record("it was believed")
      }
    }
  }

  @Test func `T3: a time since the start that went back is another start`() {
    let reading = ClockReading(
      wall: Self.noon.adding(Self.day * 2), sinceBoot: .seconds(10), boot: "first")
    guard case .doubtful(let doubt) = ClockJudgement(reading, history: history()) else {
      Issue.record("it was believed")
      return
    }
    #expect(doubt.until == reading.wall)
  }

  @Test func `T3: starting the machine anew does not launder a doubt`() {
    let ahead = reading(after: .seconds(60), jump: .seconds(21_600))
    func later(_ offset: Duration) -> ClockJudgement {
      ClockJudgement(
        ClockReading(wall: Self.noon.adding(offset), sinceBoot: .seconds(5), boot: "second"),
        history: history(doubted: ahead))
    }
    guard case .doubtful = later(.seconds(21_800)) else {
      Issue.record("it was believed")
      return
    }
    guard case .sound = later(.seconds(300)) else {
      Issue.record("it came right and was not believed")
      return
    }
  }

  @Test func `T3: a clock before the last run after another start leaves no instant certain`() {
    let reading = ClockReading(
      wall: Self.noon.adding(Self.day * -9), sinceBoot: .seconds(5), boot: "second")
    guard case .doubtful(let doubt) = ClockJudgement(reading, history: history()) else {
      Issue.record("it was believed")
      return
    }
    #expect(doubt.covers(Self.noon.adding(Self.day * 36_500)))
  }
}
