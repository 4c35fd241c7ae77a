package import AccessModel

/// Whether the machine's clock can be believed, from what it says and what the ledger remembers.
///
/// | since the base reading                                   | judgement                        |
/// |----------------------------------------------------------|----------------------------------|
/// | there is none: a fresh ledger                            | sound                            |
/// | same start, within 5 min of base + boot time elapsed     | sound                            |
/// | same start, anything else                                | in doubt                         |
/// | another start, more than 5 min before the highest instant| in doubt                         |
/// | another start, more than a day after it                  | in doubt                         |
/// | another start, going on from a reading that was in doubt | in doubt                         |
/// | another start, otherwise                                 | sound                            |
///
/// Boot time runs while the machine sleeps and is corrected together with the wall clock, so neither
/// a suspended machine nor a clock that is slewed is a jump. Measured from one base for as long as
/// the machine runs, small steps add up.
package enum ClockJudgement: Equatable, Sendable {
  /// `base` is what the next reading is measured from.
  case sound(now: Instant, base: ClockReading)
  case doubtful(ClockDoubt)

  /// How far two clocks that agree may lie apart.
  package static let tolerance = Duration.seconds(300)
  /// How long a machine may have been off without anyone asking.
  package static let longestAbsence = Duration.seconds(86_400)

  package init(_ reading: ClockReading, history: ClockHistory?) {
    guard let history else {
      self = .sound(now: reading.wall, base: reading)
      return
    }
    let base = history.base
    let elapsed = reading.sinceBoot - base.sinceBoot
    // Where a container's boot time starts anew under its host's id it is another start.
    if reading.boot == base.boot, !reading.boot.isEmpty, elapsed >= .zero {
      self = Self.judge(reading, history, expected: base.wall.adding(elapsed))
    } else {
      self = Self.judgeOtherStart(reading, history)
    }
  }

  private static func judge(
    _ reading: ClockReading, _ history: ClockHistory, expected: Instant
  ) -> ClockJudgement {
    let difference = reading.wall.since(expected)
    guard difference > tolerance || difference < .zero - tolerance else {
      return .sound(now: max(reading.wall, history.highest), base: history.base)
    }
    return doubt(
      reading, history, until: max(reading.wall, expected),
      "it says \(reading.wall), \(words(difference)) "
        + "\(difference < .zero ? "less" : "more") than the time since the machine started explains"
    )
  }

  private static func judgeOtherStart(
    _ reading: ClockReading, _ history: ClockHistory
  ) -> ClockJudgement {
    let gap = reading.wall.since(history.highest)
    if gap < .zero - tolerance {
      return doubt(
        reading, history, until: nil,
        "it says \(reading.wall), \(words(gap)) before the last run, at \(history.highest)")
    }
    if gap > longestAbsence {
      return doubt(
        reading, history, until: reading.wall,
        "it says \(reading.wall), \(words(gap)) after the last run, at \(history.highest), and the "
          + "machine was started since")
    }
    if let doubted = history.doubted, doubted.wall > history.highest,
      reading.wall.since(doubted.wall) >= .zero - tolerance
    {
      return doubt(
        reading, history, until: reading.wall,
        "it says \(reading.wall), which goes on from \(doubted.wall), and that was in doubt before "
          + "the machine was started")
    }
    return .sound(now: max(reading.wall, history.highest), base: reading)
  }

  private static func doubt(
    _ reading: ClockReading, _ history: ClockHistory, until: Instant?, _ reason: String
  ) -> ClockJudgement {
    .doubtful(
      ClockDoubt(
        since: history.highest, until: until, wall: reading.wall,
        reason: "the clock of this machine is in doubt: \(reason)"))
  }

  /// A length of time for people, without its sign.
  private static func words(_ duration: Duration) -> String {
    let seconds = abs(duration.components.seconds)
    switch seconds {
    case ..<120: return "\(seconds) s"
    case ..<7_200: return "\(seconds / 60) min"
    case ..<172_800: return "\(seconds / 3_600) h"
    default: return "\(seconds / 86_400) d"
    }
  }
}
