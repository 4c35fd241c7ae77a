import Synchronization

/// How long work that was told to stop may still take, so that the whole process ends in ten
/// seconds.
enum Interruption {
  /// For what is in flight to be answered.
  static let grace = Duration.seconds(4)

  /// Runs `work` and gives its value. When the task is cancelled, so is the work; what has given
  /// nothing `grace` later is left behind, and `abandoned` takes its place.
  static func run<Value: Sendable>(
    grace: Duration = grace, _ work: @escaping @Sendable () async -> Value,
    abandoned: @escaping @Sendable () -> Value
  ) async -> Value {
    let answer = Answer<Value>()
    let task = Task { answer.give(await work()) }
    return await withTaskCancellationHandler {
      await answer.value
    } onCancel: {
      task.cancel()
      Task {
        // Nobody cancels this task, so nothing is thrown.
        do { try await Task.sleep(for: grace) } catch {}
        answer.give(abandoned())
      }
    }
  }
}

/// A value that comes once; what comes after it is dropped.
private final class Answer<Value: Sendable>: Sendable {
  private enum State {
    case empty
    case awaited(CheckedContinuation<Value, Never>)
    case given(Value)
  }

  private let state = Mutex(State.empty)

  func give(_ value: Value) {
    let continuation = state.withLock { state -> CheckedContinuation<Value, Never>? in
      switch state {
      case .empty:
        state = .given(value)
        return nil
      case .awaited(let continuation):
        state = .given(value)
        return continuation
      case .given: return nil
      }
    }
    continuation?.resume(returning: value)
  }

  /// To be asked for once.
  var value: Value {
    get async {
      await withCheckedContinuation { continuation in
        let value = state.withLock { state -> Value? in
          if case .given(let value) = state { return value }
          state = .awaited(continuation)
          return nil
        }
        if let value { continuation.resume(returning: value) }
      }
    }
  }
}
