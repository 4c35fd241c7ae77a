import Synchronization

/// A clock that stands still until a test moves it, and remembers who slept on it for how long.
package final class ManualClock: Clock {
  package struct Instant: InstantProtocol, Hashable, Sendable {
    /// Since the clock was made.
    package let offset: Duration

    package func advanced(by duration: Duration) -> Self { Self(offset: offset + duration) }
    package func duration(to other: Self) -> Duration { other.offset - offset }
    package static func < (left: Self, right: Self) -> Bool { left.offset < right.offset }
  }

  private struct Sleeper {
    let id: Int
    let deadline: Instant
    let continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var now = Instant(offset: .zero)
    var slept: [Duration] = []
    var sleepers: [Sleeper] = []
    var cancelled: Set<Int> = []
    var issued = 0
  }

  private let state = Mutex(State())
  private let advancesBySleeping: Bool

  /// With `advancesBySleeping`, whoever sleeps moves the clock instead of waiting for it.
  package init(advancesBySleeping: Bool = false) {
    self.advancesBySleeping = advancesBySleeping
  }

  package var now: Instant { state.withLock { $0.now } }
  package var minimumResolution: Duration { .nanoseconds(1) }
  /// How long each sleep asked for was, in their order.
  package var slept: [Duration] { state.withLock { $0.slept } }
  /// How many sleep now.
  package var sleeping: Int { state.withLock { $0.sleepers.count } }

  package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    try Task.checkCancellation()
    let id = state.withLock { state in
      state.issued += 1
      state.slept.append(state.now.duration(to: deadline))
      if advancesBySleeping { state.now = max(state.now, deadline) }
      return state.issued
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let isOver = state.withLock { state -> Result<Void, any Error>? in
          if state.cancelled.remove(id) != nil { return .failure(CancellationError()) }
          if deadline <= state.now { return .success(()) }
          state.sleepers.append(
            Sleeper(id: id, deadline: deadline, continuation: continuation))
          return nil
        }
        if let isOver { continuation.resume(with: isOver) }
      }
    } onCancel: {
      let sleeper = state.withLock { state -> Sleeper? in
        guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
          state.cancelled.insert(id)
          return nil
        }
        return state.sleepers.remove(at: index)
      }
      sleeper?.continuation.resume(throwing: CancellationError())
    }
  }

  /// Moves the clock and wakes whoever has slept long enough, the earliest deadline first.
  package func advance(by duration: Duration) {
    let woken = state.withLock { state in
      state.now = state.now.advanced(by: duration)
      let woken = state.sleepers.filter { $0.deadline <= state.now }
      state.sleepers.removeAll { $0.deadline <= state.now }
      return woken.sorted { $0.deadline < $1.deadline }
    }
    for sleeper in woken { sleeper.continuation.resume() }
  }

  /// Waits until that many sleep at once, so that advancing wakes them.
  package func sleepers(atLeast count: Int) async throws {
    // A real pause, so that waiting takes no time from what is waited for.
    while sleeping < count { try await Task.sleep(for: .microseconds(200)) }
  }
}
