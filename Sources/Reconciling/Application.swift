import AccessModel
import Legibility
import Logging
import Planning

/// Carries out one approved plan: phase by phase, batch by batch, each batch journalled before its
/// first byte leaves and settled before the next begins.
struct Application {
  /// Changes in one journal transaction and one call of the target.
  private static let batchSize = 10_000

  let target: any Target
  let approved: ApprovedPlan
  let takeover: Approval?
  let ledger: any Ledger
  let context: RunContext
  let logger: Logger
  let progress: @Sendable (TargetID, Progress) -> Void

  /// Stops early, leaving the rest for the next run, when the task is cancelled or the target asks.
  func run() async throws(LedgerError) -> TargetReport {
    var done = Done()
    done.shortage = try await shortage { () async throws(LedgerError) in try await prepare() }
    if !approved.plan.changes.isEmpty {
      let digest = PlanDigest(target: target.id, changes: approved.plan.changes)
      try await ledger.begin(
        plan: digest.description, changes: approved.plan.changes.count, target: target.id,
        run: context.run)
    }
    for phase in Change.Phase.allCases {
      var changes = approved.plan.changes.filter { $0.phase == phase }[...]
      while !done.isStopped, !Task.isCancelled {
        if done.shortage != nil { changes = changes.filter(\.endsAccess)[...] }
        if changes.isEmpty { break }
        let batch = Array(changes.prefix(Self.batchSize))
        let shortage = try await shortage { () async throws(LedgerError) in
          try await apply(batch, &done)
        }
        if let shortage {
          // Not even room for what ends access: nothing more can be recorded, so nothing is sent.
          guard done.shortage == nil else { throw LedgerError(message: shortage, kind: .full) }
          done.shortage = shortage
        } else {
          changes = changes.dropFirst(batch.count)
        }
      }
    }
    return TargetReport(
      target: target.id, approved: approved, failure: done.failure.map { .unavailable($0) },
      outcomes: done.outcomes, shortage: done.shortage)
  }

  /// Records what was found, and uses up the approvals.
  private func prepare() async throws(LedgerError) {
    if !approved.plan.notes.isEmpty {
      try await ledger.note(approved.plan.notes, target: target.id, run: context.run)
    }
    if let takeover {
      try await ledger.useApproval(of: takeover.digest, run: context.run)
    }
    if let release = approved.release {
      try await ledger.useApproval(of: release.digest, run: context.run)
    }
    try await keepLessons()
  }

  /// What the ledger says where it has no room; `nil` if it had. A full disk ends everything but what
  /// ends access.
  private func shortage(
    _ body: () async throws(LedgerError) -> Void
  ) async throws(LedgerError) -> String? {
    do throws(LedgerError) {
      try await body()
      return nil
    } catch {
      guard error.kind == .full else { throw error }
      return error.message
    }
  }

  /// What this run has done so far, as far as later changes depend on it.
  private struct Done {
    var outcomes: [(change: Change, outcome: Outcome)] = []
    var identities: [SubjectID: AccountIdentity] = [:]
    var groupIDs: [EntitlementKey: String] = [:]
    /// Subjects whose accounts could not be enabled: what they are named by may change yet.
    var notEnabled: Set<SubjectID> = []
    /// Subjects with a removal that did not succeed: their accounts are not moved or deleted yet.
    var withMemberships: Set<SubjectID> = []
    var isStopped = false
    var failure: TargetError?
    /// Why only what ends access is done.
    var shortage: String?
  }

  private func apply(_ batch: [Change], _ done: inout Done) async throws(LedgerError) {
    var ready: [Change] = []
    var waiting: [(change: Change, outcome: Outcome)] = []
    for change in batch {
      switch resolve(change, done) {
      case .success(let change): ready.append(change)
      case .failure(let blocked):
        waiting.append((change, .failed(.retryLater, reason: blocked.reason)))
      }
    }
    let ids = try await ledger.intend(
      ready, target: target.id, run: context.run, at: context.now)
    done.outcomes += waiting
    guard !ready.isEmpty else { return }
    let outcomes: [Outcome]
    switch await carryOut(ready) {
    case .success(let answered): outcomes = answered
    case .failure(let error):
      // Thrown only before the first write, so nothing of the batch was done.
      done.failure = error
      done.isStopped = true
      outcomes = ready.map { _ in .failed(error.disposition, reason: error.message) }
    }
    precondition(outcomes.count == ready.count, "one outcome for each change")
    var settled: [(JournalID, Change, Outcome)] = []
    for (position, change) in ready.enumerated() {
      settled.append((ids[position], change, outcomes[position]))
    }
    try await ledger.settle(settled, target: target.id, run: context.run, at: context.now)
    try await keepLessons()
    for (_, change, outcome) in settled { note(change, outcome, &done) }
  }

  /// Has the target apply them. It is told to stop when this run is, or may not write any more; what
  /// it has not answered a while later is unknown, and read by the next run.
  private func carryOut(_ changes: [Change]) async -> Result<[Outcome], TargetError> {
    let (target, report) = (target, progress)
    let work = Task {
      await Interruption.run { () async -> Result<[Outcome], TargetError> in
        do throws(TargetError) {
          return .success(try await target.apply(changes) { report(target.id, $0) })
        } catch {
          return .failure(error)
        }
      } abandoned: {
        .success(
          changes.map { _ in
            .unknown(reason: "stopped before it was answered; the next run reads what became of it")
          })
      }
    }
    let watch = Task { [ledger] in
      while !Task.isCancelled {
        do {
          try await Task.sleep(for: .milliseconds(500))
          try await ledger.requireOurs()
        } catch {
          if error is LedgerError { work.cancel() }
          return
        }
      }
    }
    defer { watch.cancel() }
    return await withTaskCancellationHandler {
      await work.value
    } onCancel: {
      work.cancel()
    }
  }

  private func note(_ change: Change, _ outcome: Outcome, _ done: inout Done) {
    done.outcomes.append((change, outcome))
    if case .failed(.stopTarget, _) = outcome { done.isStopped = true }
    let subject = change.account?.subject
    switch change {
    case .createAccount, .enableAccount, .updateAccount:
      if let subject, let identity = outcome.identity { done.identities[subject] = identity }
      if let subject, case .enableAccount = change, !outcome.isDone {
        done.notEnabled.insert(subject)
      }
    case .createGroup(let key, _):
      if let id = outcome.groupID { done.groupIDs[key] = id }
    case .removeMember:
      if let subject, !outcome.isDone { done.withMemberships.insert(subject) }
    case .addMember, .disableAccount, .deleteAccount: break
    }
    if !outcome.isDone {
      logger.debug(
        "\(target.id) \(change.kind) \(outcome.word)",
        metadata: [
          "group": "\(change.group?.rawValue ?? "-")", "subject": "\(subject?.rawValue ?? "-")",
          "reason": "\(visible(outcome.detail ?? "-"))",
        ])
    }
  }

  private func keepLessons() async throws(LedgerError) {
    guard let pupil = target as? any Learning else { return }
    try await ledger.learn(pupil.newLessons(), about: target.id, run: context.run)
  }

  private struct Blocked: Error {
    let reason: String
  }

  /// Fills in what earlier changes of this run brought about, or says why the change must wait.
  private func resolve(_ change: Change, _ done: Done) -> Result<Change, Blocked> {
    switch change {
    case .addMember(let membership, let reason):
      let subject = membership.account.subject
      if let subject, done.notEnabled.contains(subject) {
        return .failure(Blocked(reason: "its account was not enabled"))
      }
      let moved = subject.flatMap { done.identities[$0] }
      guard let identity = moved ?? membership.account.identity else {
        return .failure(Blocked(reason: "its account was not created"))
      }
      guard let groupID = membership.groupID ?? done.groupIDs[membership.group] else {
        return .failure(Blocked(reason: "its group was not created"))
      }
      let account = AccountReference(
        subject: subject, displayName: membership.account.displayName, identity: identity)
      return .success(
        .addMember(
          Membership(group: membership.group, groupID: groupID, account: account),
          because: reason))
    case .disableAccount(let account, .moveTo, _), .deleteAccount(let account, _):
      guard let subject = account.subject, done.withMemberships.contains(subject) else {
        return .success(change)
      }
      return .failure(Blocked(reason: "a membership of it could not be removed yet"))
    case .createAccount, .updateAccount, .enableAccount, .disableAccount, .createGroup,
      .removeMember:
      return .success(change)
    }
  }
}
