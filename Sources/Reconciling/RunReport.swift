package import AccessModel
package import Planning

/// What one run read, planned, did and could not do. Everything that is told of a run, its exit code
/// included, is derived from this.
package struct RunReport: Sendable {
  package let context: RunContext
  package let book: AssignmentBook
  /// Sorted by target.
  package let targets: [TargetReport]
  /// Access packages in the readings that no mapping names, sorted.
  package let unmappedPackages: [AccessPackage]
  /// Whether the plans were carried out.
  package let isApplied: Bool

  /// The configured ones; sorted.
  package var sources: [SourceBook] { book.sources }
  /// The next instant at which an assignment starts or ends.
  package var nextBoundary: Instant? { book.nextBoundary }

  /// What a run comes to, the gravest first.
  package enum Verdict: Sendable, Equatable {
    case ledgerLost, unavailable, malformed, heldByLimits, partlyApplied, pending, converged
  }

  package var verdict: Verdict {
    if targets.contains(where: { $0.failure?.isLostLedger ?? false }) { return .ledgerLost }
    let isDown = sources.contains { $0.error?.kind == .unavailable }
    if isDown || targets.contains(where: { $0.failure != nil }) { return .unavailable }
    if sources.contains(where: { $0.error?.kind == .malformed }) { return .malformed }
    if targets.contains(where: { !($0.approved?.held.isEmpty ?? true) }) { return .heldByLimits }
    let isHeld =
      sources.contains { !$0.coverage.isComplete }
      || targets.contains { !($0.approved?.plan.holds.isEmpty ?? true) || $0.failed > 0 }
    if isApplied {
      return isHeld || targets.contains { $0.unsent > 0 } ? .partlyApplied : .converged
    }
    if targets.contains(where: { !($0.approved?.plan.changes.isEmpty ?? true) }) {
      return .pending
    }
    return isHeld ? .partlyApplied : .converged
  }
}

/// One target's part of a run.
package struct TargetReport: Sendable {
  package enum Failure: Sendable {
    /// It could not be read, or stopped before the first write.
    case unavailable(TargetError)
    /// It carries our anchors and the ledger knows none of them.
    case lostLedger(anchors: Int)

    var isLostLedger: Bool {
      if case .lostLedger = self { true } else { false }
    }
  }

  package let target: TargetID
  package let approved: ApprovedPlan?
  package let failure: Failure?
  /// What became of the changes, in the order they were applied; empty for a plan.
  package let outcomes: [(change: Change, outcome: Outcome)]

  package var applied: Int { outcomes.count { $0.outcome.isDone } }
  package var failed: Int { outcomes.count - applied }
  /// Changes that the run did not come to, because it or the target stopped.
  package var unsent: Int { (approved?.plan.changes.count ?? 0) - outcomes.count }
}

extension TargetReport.Failure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unavailable(let error): error.message
    case .lostLedger(let anchors):
      "\(anchors) account(s) carry our anchor but this ledger does not know them: it was lost, or "
        + "is an older copy or another one, and nothing is written. Restore it, or take the "
        + "accounts and the memberships over with 'bellhop adopt TARGET'"
    }
  }
}

extension RunReport {
  /// What the ledger keeps of the run.
  package func summary(exitCode: Int32) -> RunSummary {
    var messages: [String] = []
    for source in sources {
      if let error = source.error {
        messages.append("\(error)")
      } else if case .partial(let reason) = source.coverage {
        messages.append("\(source.source): read in part: \(reason)")
      }
    }
    for target in targets {
      if let failure = target.failure { messages.append("\(target.target): \(failure)") }
      if let digest = target.approved?.heldDigest {
        messages += target.approved?.violations.map(\.description) ?? []
        messages.append("\(target.target): held until 'bellhop approve \(digest)'")
      }
    }
    return RunSummary(
      exitCode: exitCode, applied: targets.reduce(0) { $0 + $1.applied },
      failed: targets.reduce(0) { $0 + $1.failed },
      held: targets.reduce(0) {
        $0 + ($1.approved.map { $0.held.count + $0.plan.holds.count } ?? 0)
      },
      messages: messages)
  }
}
