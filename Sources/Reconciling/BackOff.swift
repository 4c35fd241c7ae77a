/// How long to leave alone what fails: longer with every failure in a row, up to a limit, and no time
/// after a success. A part of it is left to chance, so that what fell together is not tried together.
struct BackOff {
  static let first = Duration.seconds(5)
  private static let limits = Duration.seconds(60)...Duration.seconds(3_600)

  /// In a row.
  private(set) var failures = 0

  /// Notes one more failure. `interval` is how often it is looked at when nothing fails, `chance` is
  /// from 0 to 1. Never beyond the interval, or a minute where that is longer, nor beyond an hour.
  mutating func pause(interval: Duration, chance: Double) -> Duration {
    let pause = min(Self.first, interval) * (1 << min(failures, 20))
    failures += 1
    let limit = min(max(interval, Self.limits.lowerBound), Self.limits.upperBound)
    return min(pause, limit) * (1 - chance / 4)
  }
}
