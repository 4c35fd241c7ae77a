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

/// What one request may know of all others when it is sent.
struct PaceMark: Sendable, Equatable {
  /// Requests that the service took so far.
  fileprivate(set) var taken = 0
  /// How often it said that they come too fast.
  fileprivate(set) var refusals = 0
}

/// When the next request may go: a service that says "slow down" says it to all of them.
protocol Pacing: Sendable {
  /// Throws if the task is cancelled meanwhile.
  func wait(_ kind: RequestKind) async throws -> PaceMark
  /// The service took a request.
  func proceed()
  func pause(for delay: Duration)
  /// A pause because requests come too fast; from then on they go further apart. `mark` is the
  /// refused request's: those that were under way together are one refusal.
  func slowDown(for delay: Duration, since mark: PaceMark)
  func limit(_ kind: RequestKind, to rate: Rate?)
  var mark: PaceMark { get }
}

/// A token bucket for each kind of write, a common pause, and for a service whose limit is not known
/// a distance between requests: twice as long after each refusal, and shorter with every request that
/// is taken.
final class Pace<C: Clock>: Pacing where C.Duration == Duration {
  private struct State {
    var mark = PaceMark()
    var resumption: C.Instant?
    var distance = Duration.zero
    /// When the next request may go, where there is a distance.
    var next: C.Instant?
    var rates: [RequestKind: Rate] = [:]
    /// When the bucket will be full again.
    var full: [RequestKind: C.Instant] = [:]

    mutating func pause(until instant: C.Instant) {
      resumption = resumption.map { max($0, instant) } ?? instant
    }
  }

  private let clock: C
  private let state = Mutex(State())
  private let distances = (least: Duration.milliseconds(100), most: Duration.seconds(10))

  init(_ clock: C) { self.clock = clock }

  var mark: PaceMark { state.withLock { $0.mark } }

  func limit(_ kind: RequestKind, to rate: Rate?) { state.withLock { $0.rates[kind] = rate } }

  func wait(_ kind: RequestKind) async throws -> PaceMark {
    if let turn = takeTurns(kind.buckets) { try await clock.sleep(until: turn, tolerance: nil) }
    while true {
      switch takePlace() {
      case .now(let mark): return mark
      case .later(let instant): try await clock.sleep(until: instant, tolerance: nil)
      }
    }
  }

  func proceed() {
    state.withLock { state in
      state.mark.taken += 1
      guard state.distance > .zero else { return }
      state.distance = state.distance * 19 / 20
      if state.distance < distances.least / 10 { state.distance = .zero }
    }
  }

  func pause(for delay: Duration) {
    let instant = clock.now.advanced(by: delay)
    state.withLock { $0.pause(until: instant) }
  }

  func slowDown(for delay: Duration, since mark: PaceMark) {
    let instant = clock.now.advanced(by: delay)
    state.withLock { state in
      state.pause(until: instant)
      guard mark.refusals == state.mark.refusals else { return }
      state.mark.refusals += 1
      state.distance = min(max(state.distance * 2, distances.least), distances.most)
    }
  }

  private enum Place {
    case now(PaceMark)
    case later(C.Instant)
  }

  private func takePlace() -> Place {
    state.withLock { state in
      guard state.resumption != nil || state.distance > .zero else { return .now(state.mark) }
      let now = clock.now
      if let instant = [state.resumption, state.next].compactMap(\.self).max(), now < instant {
        return .later(instant)
      }
      state.resumption = nil
      state.next = state.distance > .zero ? now.advanced(by: state.distance) : nil
      return .now(state.mark)
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
