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

/// What has a pace of its own.
enum RequestKind: Sendable, Hashable {
  case reading
  case write
  /// One of those writes, of a group: it waits for both.
  case groupWrite
}

/// When the next request may go: a service that says "slow down" says it to all of them.
protocol Pacing: Sendable {
  /// Throws if the task is cancelled meanwhile.
  func wait(_ kind: RequestKind) async throws
  func pause(for delay: Duration)
  func limit(_ kind: RequestKind, to rate: Rate?)
}

/// A token bucket for each kind of write and a common pause for everything.
final class Pace<C: Clock>: Pacing where C.Duration == Duration {
  private struct State {
    var resumption: C.Instant?
    var rates: [RequestKind: Rate] = [:]
    /// When the bucket will be full again.
    var full: [RequestKind: C.Instant] = [:]
  }

  private let clock: C
  private let state = Mutex(State())

  init(_ clock: C) { self.clock = clock }

  func limit(_ kind: RequestKind, to rate: Rate?) { state.withLock { $0.rates[kind] = rate } }

  func wait(_ kind: RequestKind) async throws {
    if let turn = takeTurns(kind.buckets) { try await clock.sleep(until: turn, tolerance: nil) }
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

  /// `nil` if each bucket still holds a token.
  private func takeTurns(_ buckets: [RequestKind]) -> C.Instant? {
    state.withLock { state in
      if state.rates.isEmpty { return nil }
      let now = clock.now
      return buckets.compactMap { bucket in
        guard let rate = state.rates[bucket] else { return nil }
        let interval = Duration.seconds(60) / rate.perMinute
        let full = max(state.full[bucket] ?? now, now).advanced(by: interval)
        state.full[bucket] = full
        let turn = full.advanced(by: .zero - interval * rate.burst)
        return turn > now ? turn : nil
      }.max()
    }
  }
}

extension RequestKind {
  /// Those it takes a token from.
  fileprivate var buckets: [RequestKind] {
    switch self {
    case .reading: []
    case .write: [.write]
    case .groupWrite: [.write, .groupWrite]
    }
  }
}
