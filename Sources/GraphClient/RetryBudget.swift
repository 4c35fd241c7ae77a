internal import Synchronization

/// How long one reading may wait in all for a service that is busy or away.
package final class RetryBudget: Sendable {
  package let total: Duration
  private let left: Mutex<Duration>
  private let deadline: ContinuousClock.Instant?

  /// Nothing is tried again later than `deadline`, whether it was waited or the service was silent.
  package init(_ total: Duration, deadline: ContinuousClock.Instant? = nil) {
    self.total = total
    self.deadline = deadline
    left = Mutex(total)
  }

  /// Whether that much was left; it is then taken.
  func take(_ pause: Duration) -> Bool {
    if let deadline, deadline < .now { return false }
    return left.withLock { left in
      guard pause <= left else { return false }
      left -= pause
      return true
    }
  }
}
