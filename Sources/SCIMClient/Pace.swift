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

/// A clock of any kind; times are counted from when this was made.
private struct Timepiece: Sendable {
  let now: @Sendable () -> Duration
  let sleep: @Sendable (_ until: Duration) async throws -> Void

  init<C: Clock>(_ clock: C) where C.Duration == Duration {
    let start = clock.now
    now = { start.duration(to: clock.now) }
    sleep = { try await clock.sleep(until: start.advanced(by: $0), tolerance: nil) }
  }
}

/// When the next request may go: a service that says "slow down" says it to all of them.
///
/// A token bucket for each kind of write, a common pause, and for a service whose limit is not known
/// a distance between requests: twice as long after each refusal, and shorter with every request that
/// is taken.
final class Pace: Sendable {
  private struct State {
    var mark = PaceMark()
    var resumption: Duration?
    var distance = Duration.zero
    /// When the next request may go, where there is a distance.
    var next: Duration?
    var rates: [RequestKind: Rate] = [:]
    /// When the bucket will be full again.
    var full: [RequestKind: Duration] = [:]

    mutating func pause(until time: Duration) { resumption = max(resumption ?? time, time) }
  }

  private let time: Timepiece
  private let state = Mutex(State())
  private let distances = (least: Duration.milliseconds(100), most: Duration.seconds(10))

  init(_ clock: some Clock<Duration>) { time = Timepiece(clock) }

  var mark: PaceMark { state.withLock { $0.mark } }

  func limit(_ kind: RequestKind, to rate: Rate?) { state.withLock { $0.rates[kind] = rate } }

  /// Throws if the task is cancelled meanwhile.
  func wait(_ kind: RequestKind) async throws -> PaceMark {
    if let turn = takeTurns(kind) { try await time.sleep(turn) }
    while true {
      switch takePlace() {
      case .now(let mark): return mark
      case .later(let instant): try await time.sleep(instant)
      }
    }
  }

  /// The service took a request.
  func proceed() {
    state.withLock { state in
      state.mark.taken += 1
      guard state.distance > .zero else { return }
      state.distance = state.distance * 19 / 20
      if state.distance < distances.least / 10 { state.distance = .zero }
    }
  }

  func pause(for delay: Duration) {
    let end = time.now() + delay
    state.withLock { $0.pause(until: end) }
  }

  /// A pause because requests come too fast; from then on they go further apart. `mark` is the
  /// refused request's: those that were under way together are one refusal.
  func slowDown(for delay: Duration, since mark: PaceMark) {
    let end = time.now() + delay
    state.withLock { state in
      state.pause(until: end)
      guard mark.refusals == state.mark.refusals else { return }
      state.mark.refusals += 1
      state.distance = min(max(state.distance * 2, distances.least), distances.most)
    }
  }

  private enum Place {
    case now(PaceMark)
    case later(Duration)
  }

  private func takePlace() -> Place {
    state.withLock { state in
      guard state.resumption != nil || state.distance > .zero else { return .now(state.mark) }
      let now = time.now()
      if let instant = [state.resumption, state.next].compactMap(\.self).max(), now < instant {
        return .later(instant)
      }
      state.resumption = nil
      state.next = state.distance > .zero ? now + state.distance : nil
      return .now(state.mark)
    }
  }

  /// `nil` if each bucket still holds a token.
  private func takeTurns(_ kind: RequestKind) -> Duration? {
    state.withLock { state in
      if state.rates.isEmpty { return nil }
      let now = time.now()
      return kind.buckets.compactMap { bucket in
        guard let rate = state.rates[bucket] else { return nil }
        let interval = Duration.seconds(60) / rate.perMinute
        let full = max(state.full[bucket] ?? now, now) + interval
        state.full[bucket] = full
        let turn = full - interval * rate.burst
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
