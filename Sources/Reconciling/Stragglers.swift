import AccessModel
import Synchronization

/// Targets that are still at work when the others are done: nobody waits for them longer than
/// `patience`, nor beyond what starts or ends next. They go on by themselves, and later rounds leave
/// them alone until they have ended.
final class Stragglers: Sendable {
  /// A round that is cut short all the same waits this long, for what is almost done.
  private static let leastPatience = Duration.milliseconds(500)

  private struct State {
    var tasks: [TargetID: Task<Void, Never>] = [:]
    /// Those of them that nobody waits for any more.
    var left: Set<TargetID> = []
    /// What came of those that have ended since.
    var late: [TargetID: TargetReport] = [:]
    var failure: LedgerError?
  }

  private enum Event: Sendable {
    case done(TargetID, Result<TargetReport, LedgerError>)
    case late
  }

  private let patience: Duration?
  private let bell: Bell?
  private let state = Mutex(State())

  /// Without `patience` all of them are waited for. Strikes `bell` when one ends that nobody waited for.
  init(patience: Duration?, bell: Bell? = nil) {
    self.patience = patience
    self.bell = bell
  }

  /// What came of those that have ended since this was last asked and that nobody waited for.
  func takeLate() -> [TargetID: TargetReport] {
    state.withLock { state in
      defer { state.late = [:] }
      return state.late
    }
  }

  /// `limit` is how long nothing starts or ends. Gives one result for each target, in no order. After
  /// the ledger failed for one, also for one that nobody waited for, the others begin no further batch.
  func run(
    _ targets: [any Target], limit: Duration? = nil,
    _ body: @escaping @Sendable (any Target) async throws(LedgerError) -> TargetReport
  ) async -> [Result<TargetReport, LedgerError>] {
    if let failure = state.withLock({ $0.failure }) { return [.failure(failure)] }
    let (events, continuation) = AsyncStream<Event>.makeStream()
    var results: [Result<TargetReport, LedgerError>] = []
    var waiting: Set<TargetID> = []
    let isStopped = Task.isCancelled
    for target in targets {
      let isFree = state.withLock { state in
        guard state.tasks[target.id] == nil else { return false }
        state.tasks[target.id] = Task {
          // A task of its own does not know that whoever began it was told to stop before.
          if isStopped { withUnsafeCurrentTask { $0?.cancel() } }
          let result = await Self.result(of: target, body)
          self.end(target.id, result)
          continuation.yield(.done(target.id, result))
        }
        return true
      }
      if isFree { waiting.insert(target.id) } else { results.append(.success(atWork(target.id))) }
    }
    let timer = Task {
      guard var patience else { return }
      if let limit { patience = min(patience, max(limit, Self.leastPatience)) }
      // It throws only when it is cancelled, and then nobody waits any more.
      do { try await Task.sleep(for: patience) } catch { return }
      continuation.yield(.late)
    }
    defer { timer.cancel() }
    guard !waiting.isEmpty else { return results }
    let (told, open) = (results, waiting)
    return await withTaskCancellationHandler {
      // For a task that was told to stop a stream ends at once; one of its own hears every target out.
      await Task { await self.collect(events, told, open) }.value
    } onCancel: {
      cancel()
    }
  }

  private func collect(
    _ events: AsyncStream<Event>, _ told: [Result<TargetReport, LedgerError>],
    _ open: Set<TargetID>
  ) async -> [Result<TargetReport, LedgerError>] {
    var (results, waiting) = (told, open)
    for await event in events {
      switch event {
      case .done(let target, let result):
        waiting.remove(target)
        results.append(result)
        if case .failure = result { cancel() }
      case .late:
        let left = leave(waiting)
        results += left.sorted().map { .success(atWork($0)) }
        waiting.subtract(left)
      }
      if waiting.isEmpty { break }
    }
    return results
  }

  /// Those that are still at work; what the others did is about to be heard.
  private func leave(_ waiting: Set<TargetID>) -> Set<TargetID> {
    state.withLock { state in
      let left = waiting.filter { state.tasks[$0] != nil }
      state.left.formUnion(left)
      return left
    }
  }

  /// Stops all of them and waits until they have.
  func end() async {
    cancel()
    for task in state.withLock({ Array($0.tasks.values) }) { await task.value }
  }

  private func cancel() {
    for task in state.withLock({ Array($0.tasks.values) }) { task.cancel() }
  }

  private func end(_ target: TargetID, _ result: Result<TargetReport, LedgerError>) {
    let isLate = state.withLock { state in
      state.tasks[target] = nil
      let isLate = state.left.remove(target) != nil
      switch result {
      case .success(let report): if isLate { state.late[target] = report }
      case .failure(let error): state.failure = state.failure ?? error
      }
      return isLate
    }
    if isLate { bell?.strike() }
  }

  private func atWork(_ target: TargetID) -> TargetReport {
    TargetReport(target: target, approved: nil, failure: .atWork, outcomes: [])
  }

  private static func result(
    of target: any Target,
    _ body: @Sendable (any Target) async throws(LedgerError) -> TargetReport
  ) async -> Result<TargetReport, LedgerError> {
    do throws(LedgerError) {
      return .success(try await body(target))
    } catch {
      return .failure(error)
    }
  }
}
