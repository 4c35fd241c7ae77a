internal import Synchronization

/// When the next request may go: a service that says "slow down" says it to all of them.
protocol Pacing: Sendable {
  /// Throws if the task is cancelled meanwhile.
  func wait() async throws
  func pause(for delay: Duration)
}

final class Pace<C: Clock>: Pacing where C.Duration == Duration {
  private let clock: C
  private let resumption = Mutex<C.Instant?>(nil)

  init(_ clock: C) { self.clock = clock }

  func wait() async throws {
    while let instant = resumption.withLock({ $0 }), clock.now < instant {
      try await clock.sleep(until: instant, tolerance: nil)
    }
  }

  func pause(for delay: Duration) {
    let instant = clock.now.advanced(by: delay)
    resumption.withLock { $0 = $0.map { max($0, instant) } ?? instant }
  }
}
