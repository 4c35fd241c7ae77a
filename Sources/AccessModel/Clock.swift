/// What this machine's clocks said at one moment.
package struct ClockReading: Equatable, Sendable {
  package let wall: Instant
  /// How long ago the machine started, sleep included (`CLOCK_BOOTTIME`, clock_gettime(2)). Setting
  /// the wall clock does not change it.
  package let sinceBoot: Duration
  /// Tells one start of the machine from another (`/proc/sys/kernel/random/boot_id`, random(4)); empty if that
  /// cannot be read.
  package let boot: String

  package init(wall: Instant, sinceBoot: Duration, boot: String) {
    self.wall = wall
    self.sinceBoot = sinceBoot
    self.boot = boot
  }
}

/// What the ledger knows of the machine's clock.
package struct ClockHistory: Equatable, Sendable {
  /// What later readings of the same start of the machine are measured from: the first one of it
  /// that was beyond doubt, or the one that a server or a person vouched for.
  package let base: ClockReading
  /// The highest instant beyond doubt: no run decides for an earlier one.
  package let highest: Instant
  /// The last reading that was in doubt, if none beyond doubt came after it.
  package let doubted: ClockReading?

  package init(base: ClockReading, highest: Instant, doubted: ClockReading? = nil) {
    self.base = base
    self.highest = highest
    self.doubted = doubted
  }
}

/// Why a reading of the clock is believed, or that it is not.
package enum ClockStanding: Equatable, Sendable {
  /// It follows from the readings before it.
  case sound
  /// A server's clock agreed with it.
  case verified(by: String)
  /// Somebody said that it is right.
  case released(by: String, reason: String)
  case doubted(reason: String)
}

/// One reading, judged.
package struct ClockRecord: Equatable, Sendable {
  /// Of a sound one: what it was measured from.
  package let reading: ClockReading
  package let standing: ClockStanding
  /// What is decided for: the highest instant beyond doubt.
  package let instant: Instant

  package init(reading: ClockReading, standing: ClockStanding, instant: Instant) {
    self.reading = reading
    self.standing = standing
    self.instant = instant
  }
}

/// A stretch of time of which nobody knows whether it has passed, because the machine's clock jumped.
package struct ClockDoubt: Equatable, Sendable {
  /// The highest instant beyond doubt. Decisions are made for it: what lies later has not come.
  package let since: Instant
  /// The last instant that may have passed; `nil` where nobody can tell.
  package let until: Instant?
  /// What the clock says.
  package let wall: Instant
  /// Object, measured, limit, way out.
  package let reason: String

  package init(since: Instant, until: Instant?, wall: Instant, reason: String) {
    self.since = since
    self.until = until
    self.wall = wall
    self.reason = reason
  }

  /// Whether nobody knows if the instant has come.
  package func covers(_ instant: Instant) -> Bool {
    guard instant > since else { return false }
    return until.map { instant <= $0 } ?? true
  }
}
