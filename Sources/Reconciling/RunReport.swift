package import AccessModel
package import Planning

/// What one run read, planned, did and could not do. Everything that is told of a run, its exit code
/// included, is derived from this.
package struct RunReport: Sendable {
  package let context: RunContext
  package let book: AssignmentBook
  /// Sorted by target.
  package internal(set) var targets: [TargetReport]
  /// What was done before in runs that are told of with this one: by targets that an earlier run did not
  /// wait for, or before the sources had answered. Sorted by target.
  package var late: [TargetReport] = []
  /// Access packages in the readings that no mapping names, sorted.
  package let unmappedPackages: [AccessPackage]
  /// Targets that are not configured any more while the ledger knows what is ours in them, sorted.
  package let retired: [RetiredTarget]
  /// What was due and was not done, in this run or one before; sorted.
  package let waiting: [Waiting]
  /// Whether the plans were carried out.
  package let isApplied: Bool
  /// Why the ledger took nothing but what ends access.
  package let shortage: String?

  /// The configured ones; sorted.
  package var sources: [SourceBook] { book.sources }
  /// The next instant at which an assignment starts or ends.
  package var nextBoundary: Instant? { book.nextBoundary }

  /// What is held because the machine's clock cannot be believed, with the way out.
  package var doubt: String? {
    context.doubt.map { doubt in
      "\(doubt.reason). The run decides for \(doubt.since); the starts and ends of "
        + "\(book.doubted) assignment(s) are held until the clock is right again or one server's "
        + "clock agrees with it within 5 minutes. If it is right and no server can tell: "
        + "bellhop release --clock --reason TEXT"
    }
  }

  /// What a run comes to, the gravest first.
  package enum Verdict: Sendable, Equatable {
    case ledgerLost, ledgerFull, unavailable, malformed, heldByLimits, partlyApplied, pending,
      converged
  }

  package var verdict: Verdict {
    if targets.contains(where: { $0.failure?.isLostLedger ?? false }) { return .ledgerLost }
    if shortage != nil { return .ledgerFull }
    let isDown = sources.contains { $0.error?.kind == .unavailable }
    let isCut = targets.contains { $0.serverCheck?.failure != nil }
    if isDown || isCut || targets.contains(where: { $0.failure != nil }) { return .unavailable }
    if sources.contains(where: { $0.error?.kind == .malformed }) { return .malformed }
    if targets.contains(where: { !($0.approved?.held.isEmpty ?? true) }) { return .heldByLimits }
    if targets.contains(where: { $0.serverCheck?.isRefused ?? false }) { return .partlyApplied }
    let isHeld =
      context.doubt != nil || !retired.isEmpty || sources.contains { !$0.coverage.isComplete }
      || targets.contains { target in
        !(target.approved?.plan.holds.isEmpty ?? true) || target.failed > 0
          || !target.quarantined.isEmpty || target.kept.contains { !$0.isSettled }
      } || waiting.contains(where: \.isOverdue)
    if isApplied {
      return isHeld || targets.contains { $0.unsent > 0 } ? .partlyApplied : .converged
    }
    if targets.contains(where: { !($0.approved?.plan.changes.isEmpty ?? true) }) {
      return .pending
    }
    return isHeld ? .partlyApplied : .converged
  }
}

/// A target that is not configured any more, though things of ours are in it.
package struct RetiredTarget: Equatable, Sendable, CustomStringConvertible {
  package let target: TargetID
  package let accounts: Int
  package let memberships: Int

  package var description: String {
    "\(target): the configuration has no such target any more, and \(memberships) membership(s) and "
      + "\(accounts) account(s) of ours are still there; nobody ends them. Configure it again, or "
      + "end them by hand and add it to 'retired'"
  }
}

/// One target's part of a run.
package struct TargetReport: Sendable {
  package enum Failure: Sendable {
    /// It could not be read, or stopped before the first write.
    case unavailable(TargetError)
    /// It carries our anchors and the ledger knows none of them.
    case lostLedger(anchors: Int)
    /// A round that began earlier has not ended in it.
    case atWork

    package var isLostLedger: Bool {
      if case .lostLedger = self { true } else { false }
    }
  }

  package let target: TargetID
  package let approved: ApprovedPlan?
  package let failure: Failure?
  /// What became of the changes, in the order they were applied; empty for a plan.
  package let outcomes: [(change: Change, outcome: Outcome)]
  /// Of an undo: what is not taken back. Sorted.
  package var kept: [Kept] = []
  /// Approvals that were given and do not count, and what the target would refuse, in words.
  package var remarks: [String] = []
  /// What failed in run after run.
  package var troubles: [Trouble] = []
  /// What the target says of the plan's changes; `nil` where it was not asked to be told.
  package var serverCheck: ServerCheckResult? = nil

  /// What of it is set aside.
  package var quarantined: [Trouble] { troubles.filter { $0.quarantinedAt != nil } }
  /// Why the ledger took nothing but what ends access.
  var shortage: String? = nil

  package var applied: Int { outcomes.count { $0.outcome.isDone } }
  package var failed: Int { outcomes.count - applied }
  /// Changes that the run did not come to, because it or the target stopped.
  package var unsent: Int { (approved?.plan.changes.count ?? 0) - outcomes.count }
}

extension TargetReport.Failure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unavailable(let error): error.message
    case .atWork: "it is still at work from this round or an earlier one; the others go on"
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
    var messages = [shortage, doubt].compactMap { $0 }
    for source in sources {
      if let error = source.error {
        messages.append("\(error)")
      } else if case .partial(let reason) = source.coverage {
        messages.append("\(source.source): read in part: \(reason)")
      }
    }
    messages += retired.map(\.description)
    for target in targets {
      if let failure = target.failure { messages.append("\(target.target): \(failure)") }
      messages += target.remarks
      if let digest = target.approved?.heldDigest {
        messages += target.approved?.violations.map(\.description) ?? []
        messages.append("\(target.target): held until 'bellhop approve \(digest)'")
      }
      messages += target.quarantined.map(\.advice)
    }
    messages += waiting.map(\.description)
    return RunSummary(
      exitCode: exitCode, applied: (targets + late).reduce(0) { $0 + $1.applied },
      failed: (targets + late).reduce(0) { $0 + $1.failed },
      held: targets.reduce(0) {
        $0 + ($1.approved.map { $0.held.count + $0.plan.holds.count } ?? 0)
      },
      messages: messages)
  }
}
