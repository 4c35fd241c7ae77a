import AccessModel
import Planning

// What a run could not do is remembered, so that it keeps shouting until it is done.

extension Reconciler {
  /// Removals of one target that were due in this run and were not done. `nil` where the run cannot
  /// tell, so that what was known before stays.
  func pendingRemovals(
    after report: TargetReport, _ book: AssignmentBook, _ context: RunContext,
    known: [PendingRemoval]
  ) async throws(LedgerError) -> [PendingRemoval] {
    guard let approved = report.approved, report.failure == nil else {
      return try await overdue(report.target, book, context) + known
    }
    let digest = approved.heldDigest?.description
    var pending = approved.held.compactMap {
      PendingRemoval($0, report.target, .limits, digest: digest, now: context.now)
    }
    pending += approved.setAside.compactMap {
      PendingRemoval($0, report.target, .quarantine, now: context.now)
    }
    // By identity and not by value: what was sent has its names filled in.
    let tried = Dictionary(
      report.outcomes.lazy.filter { $0.change.ending != nil }.map {
        (RecordedRemoval($0.change, in: report.target), $0.outcome)
      }, uniquingKeysWith: { _, last in last })
    pending += approved.plan.changes.compactMap { change in
      let outcome = tried[RecordedRemoval(change, in: report.target)]
      return outcome?.isDone == true
        ? nil
        : PendingRemoval(
          change, report.target, .failed, now: context.now, reason: outcome?.detail)
    }
    return pending
  }

  /// What has ended for itself in a target that could not be read, by the ledger.
  func overdue(
    _ target: TargetID, _ book: AssignmentBook, _ context: RunContext
  ) async throws(LedgerError) -> [PendingRemoval] {
    let owned = try await ledger.ownership(of: target)
    return owned.memberships.sorted.indices.compactMap { row in
      guard owned.origins[row] != .preExisting,
        let ending = book.ending(of: owned.reasons[row])
      else { return nil }
      let membership = owned.memberships.sorted[row]
      return PendingRemoval(
        target: target, kind: "removeMember", group: owned.groupKeys[membership.group],
        subject: owned.subjects[membership.account], account: nil, obstacle: .unreachable,
        since: ending.instant ?? context.now)
    }
  }
}

extension PendingRemoval {
  /// `nil` for changes that take nothing away.
  fileprivate init?(
    _ change: Change, _ target: TargetID, _ obstacle: Obstacle, digest: String? = nil, now: Instant,
    reason: String? = nil
  ) {
    guard let ending = change.ending else { return nil }
    self.init(
      target: target, kind: change.kind, group: change.group, subject: change.account?.subject,
      account: change.account?.identity?.key, obstacle: obstacle, digest: digest,
      since: min(ending.instant ?? now, now), reason: reason)
  }
}
