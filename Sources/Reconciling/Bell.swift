import AccessModel
import Synchronization

/// Which targets have rung since they were last looked at, and a way to wait for the next.
final class Bell: Sendable {
  private struct State {
    var rung: Set<TargetID> = []
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  func ring(_ target: TargetID) {
    let waiter = state.withLock { state in
      state.rung.insert(target)
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  /// The targets that rang; they are quiet then.
  func answer() -> Set<TargetID> {
    state.withLock { state in
      defer { state.rung = [] }
      return state.rung
    }
  }

  /// Until somebody rings, or the task is cancelled. One may wait at a time.
  func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if !state.rung.isEmpty || Task.isCancelled { return true }
          state.waiter = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        defer { state.waiter = nil }
        return state.waiter
      }
      waiter?.resume()
    }
  }
}
