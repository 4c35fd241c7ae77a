import AccessModel
import Synchronization

/// Answers requests that wait, beside the loop: by one report after the other, of those that come
/// meanwhile only by the newest.
final class Answering: Sendable {
  private struct State {
    var task: Task<Void, Never>?
    var next: RunReport?
    var looksAgain = false
    var failure: LedgerError?
  }

  private let body: @Sendable (RunReport) async throws(LedgerError) -> Bool
  private let bell: Bell
  private let state = Mutex(State())

  /// `body` is true if targets must be looked at again; then `bell` is struck.
  init(bell: Bell, _ body: @escaping @Sendable (RunReport) async throws(LedgerError) -> Bool) {
    self.bell = bell
    self.body = body
  }

  func answer(_ report: RunReport) {
    state.withLock { state in
      guard state.task == nil else {
        state.next = report
        return
      }
      state.task = Task { await work(report) }
    }
  }

  private func work(_ first: RunReport) async {
    var report: RunReport? = first
    while let current = report, !Task.isCancelled {
      do throws(LedgerError) {
        if try await body(current) { state.withLock { $0.looksAgain = true } }
      } catch {
        state.withLock { $0.failure = error }
      }
      report = state.withLock { state in
        defer { state.next = nil }
        if state.next == nil { state.task = nil }
        return state.next
      }
      bell.strike()
    }
  }

  /// Whether targets must be looked at again. Throws if the ledger failed.
  func takeNote() throws(LedgerError) -> Bool {
    let (looksAgain, failure) = state.withLock { state in
      defer { state.looksAgain = false }
      return (state.looksAgain, state.failure)
    }
    if let failure { throw failure }
    return looksAgain
  }

  /// Stops, and waits until nothing is under way.
  func end() async {
    guard let task = state.withLock({ $0.task }) else { return }
    task.cancel()
    await task.value
  }
}
