internal import Synchronization

/// How long one reading may wait in all for a service that is busy or away.
package final class RetryBudget: Sendable {
  package let total: Duration
  private let left: Mutex<Duration>

  package init(_ total: Duration) {
    self.total = total
    left = Mutex(total)
  }

  /// Whether that much was left; it is then taken.
  func take(_ pause: Duration) -> Bool {
    left.withLock { left in
      guard pause <= left else { return false }
      left -= pause
      return true
    }
  }
}
