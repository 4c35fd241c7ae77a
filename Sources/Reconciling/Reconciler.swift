package import AccessModel
package import Logging
package import Mapping
package import Planning

/// One run: read → map → plan → approve, and for `apply` → journal → write → journal.
///
/// Level-based: it decides from what it reads now and what the ledger remembers, so a missed event, a
/// crash or a hand edit is repaired by the next run. Sources and targets are isolated from each
/// other: one that fails delays no other.
package struct Reconciler: Sendable {
  package let sources: [any AssignmentSource]
  package let targets: [any Target]
  package let mapping: MappingSet
  package let ledger: any Ledger
  package let limits: Limits
  package let logger: Logger
  /// Hears how far each target's batches have come.
  package let progress: @Sendable (TargetID, Progress) -> Void

  package init(
    sources: [any AssignmentSource], targets: [any Target], mapping: MappingSet,
    ledger: any Ledger, limits: Limits = .standard, logger: Logger,
    progress: @escaping @Sendable (TargetID, Progress) -> Void = { _, _ in }
  ) {
    self.sources = sources
    self.targets = targets.sorted { $0.id < $1.id }
    self.mapping = mapping
    self.ledger = ledger
    self.limits = limits
    self.logger = logger
    self.progress = progress
  }

  /// Reads every source, or those named, all at once. Sorted by source.
  package func readSources(
    _ context: RunContext, only wanted: Set<SourceID>? = nil
  ) async -> [SourceResult] {
    await withTaskGroup(of: SourceResult.self) { group in
      for source in sources where wanted?.contains(source.id) ?? true {
        group.addTask {
          var reading: Result<AssignmentReading, SourceError>
          do throws(SourceError) {
            reading = .success(try await source.read(context))
          } catch {
            reading = .failure(error)
          }
          return SourceResult(
            source: source.id, reading: reading, readAt: context.now,
            absentAfter: source.absentAfter)
        }
      }
      return await group.reduce(into: []) { $0.append($1) }.sorted { $0.source < $1.source }
    }
  }

  /// Plans without writing anything, ledger included.
  package func plan(
    _ context: RunContext, readings: [SourceResult], selection: Selection = .everything
  ) async throws(LedgerError) -> RunReport {
    let book = try await makeBook(readings, now: context.now)
    let references = try await references(of: selection, readings)
    let reports = await eachTarget(selection) { target throws(LedgerError) in
      try await prepare(target, book, context, selection, references).report
    }
    return report(context, book, try collected(reports), isApplied: false)
  }

  /// Plans, and carries out what the limits let pass.
  package func apply(
    _ context: RunContext, readings: [SourceResult], selection: Selection = .everything
  ) async throws(LedgerError) -> RunReport {
    let book = try await makeBook(readings, now: context.now)
    for source in book.sources + book.retired {
      try await source.updates(inPiecesOf: 50_000) { piece throws(LedgerError) in
        try await ledger.remember(piece, run: context.run)
      }
    }
    let references = try await references(of: selection, readings)
    let reports = await eachTarget(selection) { target throws(LedgerError) in
      let prepared = try await prepare(target, book, context, selection, references)
      guard let approved = prepared.report.approved, prepared.report.failure == nil else {
        return prepared.report
      }
      return try await Application(
        target: target, approved: approved, takeover: prepared.takeover, ledger: ledger,
        context: context, logger: logger, progress: progress
      ).run()
    }
    return report(context, book, try collected(reports), isApplied: true)
  }

  private func report(
    _ context: RunContext, _ book: AssignmentBook, _ targets: [TargetReport], isApplied: Bool
  ) -> RunReport {
    RunReport(
      context: context, book: book, targets: targets,
      unmappedPackages: mapping.unmappedPackages(in: book.live.map(\.reading)),
      isApplied: isApplied)
  }

  /// Sources that are no longer configured take part as unread, so that what they justified is held
  /// until the ends that the ledger knows.
  func makeBook(
    _ readings: [SourceResult], now: Instant
  ) async throws(LedgerError) -> AssignmentBook {
    var books: [SourceBook] = []
    for result in readings {
      books.append(
        SourceBook(result, known: try await ledger.knownAssignments(of: result.source), now: now))
    }
    var retired: [SourceBook] = []
    let configured = Set(sources.map(\.id)).union(readings.map(\.source))
    for source in try await ledger.knownSources() where !configured.contains(source) {
      let error = SourceError(
        source: source, kind: .unavailable,
        message: "source \(source) is not configured any more; to end what it granted, configure "
          + "it without any assignment and approve what that removes")
      retired.append(
        SourceBook(
          SourceResult(
            source: source, reading: .failure(error), readAt: now, absentAfter: .zero),
          known: try await ledger.knownAssignments(of: source), now: now))
    }
    return AssignmentBook(books, retired: retired)
  }

  /// What the ledger knows of all sources, also of those that are not configured any more.
  func knownAssignments() async throws(LedgerError) -> [KnownAssignment] {
    var known: [KnownAssignment] = []
    for source in try await ledger.knownSources() {
      known += try await ledger.knownAssignments(of: source)
    }
    return known
  }

  /// All targets at once. After the ledger failed for one, the others begin no further batch.
  private func eachTarget(
    _ selection: Selection,
    _ body: @escaping @Sendable (any Target) async throws(LedgerError) -> TargetReport
  ) async -> [Result<TargetReport, LedgerError>] {
    await withTaskGroup(of: Result<TargetReport, LedgerError>.self) { group in
      for target in targets where selection.selects(target.id) {
        group.addTask {
          do throws(LedgerError) {
            return .success(try await body(target))
          } catch {
            return .failure(error)
          }
        }
      }
      var results: [Result<TargetReport, LedgerError>] = []
      for await result in group {
        if case .failure = result { group.cancelAll() }
        results.append(result)
      }
      return results
    }
  }

  private func collected(
    _ results: [Result<TargetReport, LedgerError>]
  ) throws(LedgerError) -> [TargetReport] {
    var reports: [TargetReport] = []
    for result in results { reports.append(try result.get()) }
    return reports.sorted { $0.target < $1.target }
  }
}
