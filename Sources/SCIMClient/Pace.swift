internal import Synchronization

/// How fast a service lets us go.
package struct Rate: Sendable, Equatable {
  /// Requests in one minute, in the long run.
  package let perMinute: Int
  /// Requests that may go at once after a rest.
  package let burst: Int

  package init(perMinute: Int, burst: Int) {
    self.perMinute = max(1, perMinute)
    self.burst = max(1, burst)
  }
}

/// When the next request may go: a service that says "slow down" says it to all of them.
protocol Pacing: Sendable {
  /// Throws if the task is cancelled meanwhile.
  func wait(isWrite: Bool) async throws
  func pause(for delay: Duration)
  func limit(_ writes: Rate?)
}

/// A token bucket for writes and a common pause for everything.
final class Pace<C: Clock>: Pacing where C.Duration == Duration {
  private struct State {
    var resumption: C.Instant?
    var rate: Rate?
    /// When the bucket will be full again.
    var full: C.Instant?
  }

  private let clock: C
  private let state = Mutex(State())

  init(_ clock: C) { self.clock = clock }

  func limit(_ writes: Rate?) { state.withLock { $0.rate = writes } }

  func wait(isWrite: Bool) async throws {
    if isWrite, let turn = takeTurn() { try await clock.sleep(until: turn, tolerance: nil) }
    while let instant = state.withLock({ $0.resumption }), clock.now < instant {
      try await clock.sleep(until: instant, tolerance: nil)
    }
  }

  func pause(for delay: Duration) {
    let instant = clock.now.advanced(by: delay)
    state.withLock { state in
      state.resumption = state.resumption.map { max($0, instant) } ?? instant
    }
  }

  /// `nil` if the bucket still holds a token.
  private func takeTurn() -> C.Instant? {
    let now = clock.now
    return state.withLock { state in
      guard let rate = state.rate else { return nil }
      let interval = Duration.seconds(60) / rate.perMinute
      let full = max(state.full ?? now, now).advanced(by: interval)
      state.full = full
      let turn = full.advanced(by: .zero - interval * rate.burst)
      return turn > now ? turn : nil
    }
  }
}
