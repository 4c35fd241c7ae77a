package import AccessModel
package import Planning

/// Every source read at once, while something else may be done.
package struct SourceReading: Sendable {
  private let sources: Set<SourceID>
  private let bell = Bell()
  private let inquiries: Inquiries<ContinuousClock>

  /// Begins to read. `now` is this machine's word on the time.
  package init(of reconciler: Reconciler, now: Instant) {
    sources = Set(reconciler.sources.map(\.id))
    inquiries = Inquiries(clock: ContinuousClock(), bell: bell)
    let context = RunContext(run: RunID("inquiry"), now: now)
    for source in reconciler.sources { inquiries.read(source, context) }
  }

  /// False if some source takes longer.
  package func hasEnded(within limit: Duration) async -> Bool {
    let end = ContinuousClock.now + limit
    while inquiries.isReading(anyOf: sources), !Task.isCancelled, .now < end {
      await bell.wait { try await Task.sleep(until: end) }
      _ = bell.answer()
    }
    return !inquiries.isReading(anyOf: sources)
  }

  /// Waits until all have answered. Stops when the task is cancelled; what had not ended then has
  /// failed.
  package func end() async {
    while await !hasEnded(within: .seconds(60)) {
      if Task.isCancelled { await inquiries.end() }
    }
  }

  /// What all of them said, once they have ended, by the judged time of the run that is for it; sorted
  /// by source.
  package func results(_ context: RunContext) -> [SourceResult] {
    inquiries.take().readings.map { $0.told(at: context.now, ContinuousClock()) }
      .sorted { $0.source < $1.source }
  }
}

extension SourceResult {
  /// As long as a source has not answered: what the ledger knows is kept, and ends when it ends.
  static func unread(_ source: SourceID, since begun: Instant) -> SourceResult {
    SourceResult(
      source: source,
      reading: .failure(
        SourceError(
          source: source, kind: .unavailable,
          message: "its first reading since the start has not ended yet")),
      readAt: begun, absentAfter: .zero)
  }
}

extension Reconciler {
  /// Takes away what the ledger alone knows to have ended, in a run of its own; `nil` if there is
  /// nothing of that kind. `makeContext` begins that run.
  package func applyKnownEnds(
    at now: Instant, selection: Selection,
    makeContext: () async throws(LedgerError) -> RunContext
  ) async throws(LedgerError) -> RunReport? {
    let readings = sources.map { SourceResult.unread($0.id, since: now) }
    guard try await isAnythingOverdue(readings, at: now) else { return nil }
    return try await apply(try await makeContext(), readings: readings, selection: selection)
  }

  private func isAnythingOverdue(
    _ readings: [SourceResult], at now: Instant
  ) async throws(LedgerError) -> Bool {
    let context = RunContext(run: RunID("look"), now: now)
    let book = try await makeBook(readings, context)
    for target in targets where try await !overdue(target.id, book, context).isEmpty {
      return true
    }
    return false
  }
}
