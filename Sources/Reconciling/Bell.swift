import AccessModel
import Synchronization

/// Which targets have rung since they were last looked at, whether anything else has happened, and a
/// way to wait for the next.
final class Bell: Sendable {
  private struct State {
    var rung: Set<TargetID> = []
    var isStruck = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  func ring(_ target: TargetID) { wake { $0.rung.insert(target) } }

  /// Something has happened that the loop finds out about by itself.
  func strike() { wake { $0.isStruck = true } }

  private func wake(_ note: (inout State) -> Void) {
    let waiter = state.withLock { state in
      note(&state)
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  /// The targets that rang; all is quiet then.
  func answer() -> Set<TargetID> {
    state.withLock { state in
      defer { (state.rung, state.isStruck) = ([], false) }
      return state.rung
    }
  }

  /// Until it rings or is struck, `sleep` ends, or the task is cancelled.
  func wait(or sleep: @escaping @Sendable () async throws -> Void) async {
    await withTaskGroup(of: Void.self) { group in
      // It throws only when the task is cancelled, which whoever waits sees for itself.
      group.addTask { do { try await sleep() } catch {} }
      group.addTask { await self.wait() }
      await group.next()
      group.cancelAll()
    }
  }

  /// Until it rings or is struck, or the task is cancelled. One may wait at a time.
  func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if !state.rung.isEmpty || state.isStruck || Task.isCancelled { return true }
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
