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
  /// Targets that left the configuration on purpose.
  package let retired: Set<TargetID>
  package let logger: Logger
  /// Hears how far each target's batches have come.
  package let progress: @Sendable (TargetID, Progress) -> Void

  package init(
    sources: [any AssignmentSource], targets: [any Target], mapping: MappingSet,
    ledger: any Ledger, limits: Limits = .standard, retired: Set<TargetID> = [], logger: Logger,
    progress: @escaping @Sendable (TargetID, Progress) -> Void = { _, _ in }
  ) {
    self.sources = sources
    self.targets = targets.sorted { $0.id < $1.id }
    self.mapping = mapping
    self.ledger = ledger
    self.limits = limits
    self.retired = retired
    self.logger = logger
    self.progress = progress
  }

  /// Reads every source, all at once. Sorted by source.
  package func readSources(_ context: RunContext) async -> [SourceResult] {
    await withTaskGroup(of: SourceResult.self) { group in
      for source in sources {
        group.addTask {
          SourceResult(
            source: source.id, reading: await source.stoppableRead(context), readAt: context.now,
            absentAfter: source.absentAfter)
        }
      }
      return await group.reduce(into: []) { $0.append($1) }.sorted { $0.source < $1.source }
    }
  }

  /// Plans without writing anything, ledger included.
  package func plan(
    _ context: RunContext, readings: [SourceResult], selection: Selection = .everything,
    undoing undo: Undo? = nil
  ) async throws(LedgerError) -> RunReport {
    try await prepare(context, readings: readings, selection: selection, undoing: undo).report
  }

  /// Reads, plans and judges every target, and writes nothing: to look at all of them before the
  /// first write to any. `undo` narrows the plans to what takes a run back.
  package func prepare(
    _ context: RunContext, readings: [SourceResult], selection: Selection = .everything,
    undoing undo: Undo? = nil
  ) async throws(LedgerError) -> Preparation {
    let book = try await makeBook(readings, context)
    let references = try await references(of: selection, readings)
    let troubles = try await ledger.troubles()
    let prepared = await eachTarget(selection) { target throws(LedgerError) in
      try await prepare(
        target, book, context, selection, references, troubles, undoing: undo)
    }
    let targets = try collected(prepared, by: \.report.target)
    return Preparation(
      targets: targets,
      report: try await report(context, book, targets.map(\.report), isApplied: false))
  }

  /// Carries out what was prepared, and nothing else. Its run must have begun in the ledger.
  package func carryOut(_ preparation: Preparation) async throws(LedgerError) -> RunReport {
    let (context, book) = (preparation.report.context, preparation.report.book)
    let shortage = try await remember(book, context)
    let waiting = try await ledger.pendingRemovals()
    let prepared = Dictionary(
      preparation.targets.map { ($0.report.target, $0) }, uniquingKeysWith: { first, _ in first })
    let selection = Selection(targets: Set(prepared.keys))
    let reports = await eachTarget(selection) { target throws(LedgerError) in
      guard let prepared = prepared[target.id] else {
        throw LedgerError(message: "\(target.id) was not prepared")
      }
      return try await carryOut(prepared, to: target, book, context, waiting)
    }
    return try await report(
      context, book, try collected(reports, by: \.target), isApplied: true, shortage)
  }

  /// Plans, and carries out what the limits let pass.
  package func apply(
    _ context: RunContext, readings: [SourceResult], selection: Selection = .everything
  ) async throws(LedgerError) -> RunReport {
    try await apply(
      context, readings: readings, selection: selection, Stragglers(patience: nil))
  }

  /// The same, waiting for no target longer than `stragglers` says.
  func apply(
    _ context: RunContext, readings: [SourceResult], selection: Selection,
    _ stragglers: Stragglers
  ) async throws(LedgerError) -> RunReport {
    let book = try await makeBook(readings, context)
    let shortage = try await remember(book, context)
    let references = try await references(of: selection, readings)
    let troubles = try await ledger.troubles()
    let waiting = try await ledger.pendingRemovals()
    let reports = await stragglers.run(
      targets.filter { selection.selects($0.id) },
      limit: book.nextBoundary.map { $0.since(context.now) }
    ) { target throws(LedgerError) in
      let prepared = try await prepare(
        target, book, context, selection, references, troubles, undoing: nil)
      return try await carryOut(prepared, to: target, book, context, waiting)
    }
    return try await report(
      context, book, try collected(reports, by: \.target), isApplied: true, shortage)
  }

  private func carryOut(
    _ prepared: Preparation.Target, to target: any Target, _ book: AssignmentBook,
    _ context: RunContext, _ waiting: [PendingRemoval]
  ) async throws(LedgerError) -> TargetReport {
    let report = try await carryOut(prepared, to: target, context)
    if prepared.isWhole {
      let known = waiting.filter { $0.target == target.id }
      let pending = try await pendingRemovals(after: report, book, context, known: known)
      if !pending.isEmpty || !known.isEmpty {
        try await ledger.setPendingRemovals(pending, of: target.id)
      }
    }
    return report
  }

  private func carryOut(
    _ prepared: Preparation.Target, to target: any Target, _ context: RunContext
  ) async throws(LedgerError) -> TargetReport {
    guard let approved = prepared.report.approved, prepared.report.failure == nil else {
      return prepared.report
    }
    if let record = prepared.record {
      try await ledger.record(record, target: target.id, run: context.run)
    }
    var report = try await Application(
      target: target, approved: approved, takeover: prepared.takeover, ledger: ledger,
      context: context, logger: logger, progress: progress
    ).run()
    (report.kept, report.remarks) = (prepared.report.kept, prepared.report.remarks)
    let before = prepared.report.troubles
    report.troubles = before
    guard prepared.isWhole, report.failure == nil else { return report }
    report.troubles = Quarantine.troubles(
      before: before, target: target.id, outcomes: report.outcomes, setAside: approved.setAside,
      at: context.now)
    if report.troubles != before {
      try await ledger.setTroubles(report.troubles, of: target.id)
    }
    return report
  }

  /// Says why not, if the ledger has no room for it: what has ended must end even so.
  private func remember(
    _ book: AssignmentBook, _ context: RunContext
  ) async throws(LedgerError) -> String? {
    do throws(LedgerError) {
      for source in book.sources + book.retired {
        try await source.updates(inPiecesOf: 50_000) { piece throws(LedgerError) in
          try await ledger.remember(piece, run: context.run)
        }
      }
      return nil
    } catch {
      guard error.kind == .full else { throw error }
      return error.message
    }
  }

  private func report(
    _ context: RunContext, _ book: AssignmentBook, _ targets: [TargetReport], isApplied: Bool,
    _ shortage: String? = nil
  ) async throws(LedgerError) -> RunReport {
    RunReport(
      context: context, book: book, targets: targets,
      unmappedPackages: mapping.unmappedPackages(in: book.live.map(\.reading)),
      retired: try await retiredTargets(),
      waiting: Waiting.summary(of: try await ledger.pendingRemovals(), now: context.now),
      isApplied: isApplied,
      shortage: (shortage ?? targets.lazy.compactMap(\.shortage).first).map {
        "\($0); until then only what ends access is recorded and done"
      })
  }

  /// Targets that left the configuration while something of ours is in them.
  private func retiredTargets() async throws(LedgerError) -> [RetiredTarget] {
    var result: [RetiredTarget] = []
    let expected = Set(targets.map(\.id)).union(retired)
    for target in try await ledger.knownTargets() where !expected.contains(target) {
      let owned = try await ledger.ownership(of: target)
      let memberships = owned.origins.count { $0 != .preExisting }
      guard memberships + owned.accounts.count > 0 else { continue }
      result.append(
        RetiredTarget(target: target, accounts: owned.accounts.count, memberships: memberships))
    }
    return result
  }

  /// Sources that are no longer configured take part as unread, so that what they justified is held
  /// until the ends that the ledger knows.
  func makeBook(
    _ readings: [SourceResult], _ context: RunContext
  ) async throws(LedgerError) -> AssignmentBook {
    var books: [SourceBook] = []
    for result in readings {
      books.append(
        SourceBook(
          result, known: try await ledger.knownAssignments(of: result.source), now: context.now,
          doubt: context.doubt))
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
            source: source, reading: .failure(error), readAt: context.now, absentAfter: .zero),
          known: try await ledger.knownAssignments(of: source), now: context.now,
          doubt: context.doubt))
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
  private func eachTarget<Value: Sendable>(
    _ selection: Selection,
    _ body: @escaping @Sendable (any Target) async throws(LedgerError) -> Value
  ) async -> [Result<Value, LedgerError>] {
    await withTaskGroup(of: Result<Value, LedgerError>.self) { group in
      for target in targets where selection.selects(target.id) {
        group.addTask {
          do throws(LedgerError) {
            return .success(try await body(target))
          } catch {
            return .failure(error)
          }
        }
      }
      var results: [Result<Value, LedgerError>] = []
      for await result in group {
        if case .failure = result { group.cancelAll() }
        results.append(result)
      }
      return results
    }
  }

  private func collected<Value>(
    _ results: [Result<Value, LedgerError>], by id: (Value) -> TargetID
  ) throws(LedgerError) -> [Value] {
    var values: [Value] = []
    for result in results { values.append(try result.get()) }
    return values.sorted { id($0) < id($1) }
  }
}
