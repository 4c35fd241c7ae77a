package import AccessModel
import Mapping
import Planning

extension Reconciler {
  /// Reads one target, plans it and judges the plan. Writes nothing.
  func prepare(
    _ target: any Target, _ book: AssignmentBook, _ context: RunContext,
    _ selection: Selection, _ references: Set<AssignmentReference>?, _ troubles: [Trouble],
    undoing undo: Undo?
  ) async throws(LedgerError) -> Preparation.Target {
    let isWhole = !selection.isNarrow && undo == nil
    let owned = try await ledger.ownership(of: target.id)
    let desired = mapping.desiredState(of: target.id, traits: target.traits, from: book.live)
    let takeover = try await ledger.approval(
      of: Self.takeoverDigest(of: target.id), now: context.now)
    if let pupil = target as? any Learning { pupil.recall(try await ledger.lessons(of: target.id)) }
    let part = selection.subject.map {
      SubjectPart(of: $0, desired: desired, owned: owned, traits: target.traits)
    }
    let whole: Plan
    if undo == nil, takeover == nil, let plan = await plan(part, of: target, book, context) {
      whole = plan
    } else {
      let scope = ManagedScope(desired: desired, owned: owned)
      switch await read(target, scope) {
      case .success(let actual):
        let plan = Planning.plan(
          PlanInput(
            desired: desired, actual: actual, owned: owned, scope: scope, book: book,
            traits: target.traits, takesOver: takeover != nil, now: context.now))
        whole = part?.narrowing(plan) ?? plan
      case .failure(let error):
        return Preparation.Target(
          report: TargetReport(
            target: target.id, approved: nil, failure: .unavailable(error), outcomes: []),
          isWhole: isWhole)
      }
    }
    let undoing = undo?.undoing(in: whole, desired: desired)
    let wanted: (Change) -> Bool =
      if let undoing { undoing.wanted.contains } else { wanted(of: whole, selection, references) }
    let own = troubles.filter { $0.target == target.id }
    let judged = try await judge(undoing?.plan ?? whole, context, wanted: wanted)
    let approved = judged.approved.settingAside(Quarantine(own).sets)
    let isLost = whole.unrecordedAnchors > 0 && takeover == nil
    let obstacles = isLost ? [] : await obstacles(to: approved, in: target)
    return Preparation.Target(
      report: TargetReport(
        target: target.id, approved: approved,
        failure: isLost ? .lostLedger(anchors: whole.unrecordedAnchors) : nil, outcomes: [],
        kept: undoing?.kept ?? [], remarks: judged.remarks + obstacles, troubles: own),
      isWhole: isWhole, takeover: takeover,
      record: try await record(approved, of: target.id, isWhole: isWhole))
  }

  /// A subject's part of the plan, from a reading of no more than it takes; `nil` where that does not
  /// tell it.
  private func plan(
    _ part: SubjectPart?, of target: any Target, _ book: AssignmentBook, _ context: RunContext
  ) async -> Plan? {
    guard let part, let scope = part.scope, case .success(let actual) = await read(target, scope)
    else { return nil }
    return part.plan(actual, book, now: context.now)
  }

  /// What would be refused, in words, where the target can tell.
  private func obstacles(to plan: ApprovedPlan, in target: any Target) async -> [String] {
    guard let target = target as? any ForewarningTarget, !plan.plan.changes.isEmpty else {
      return []
    }
    return await target.obstacles(to: plan.plan.changes).map { "\(target.id): \($0)" }
  }

  /// What must be on record: what is done or held, and that nothing waits any more.
  private func record(
    _ approved: ApprovedPlan, of target: TargetID, isWhole: Bool
  ) async throws(LedgerError) -> PlanRecord? {
    let changes = approved.plan.changes
    let held = approved.heldDigest.map {
      PlanRecord.Held(
        digest: $0.description, changes: approved.held,
        violations: approved.violations.map(\.description))
    }
    if changes.isEmpty, held == nil {
      guard isWhole, try await ledger.waitingPlans().contains(where: { $0.target == target }) else {
        return nil
      }
    }
    return PlanRecord(
      digest: PlanDigest(target: target, changes: changes).description,
      release: approved.release?.digest, held: held, isWhole: isWhole)
  }

  private func read(
    _ target: any Target, _ scope: ManagedScope
  ) async -> Result<ActualState, TargetError> {
    await Interruption.run(grace: .seconds(1)) {
      do throws(TargetError) {
        return .success(try await target.readActualState(scope))
      } catch {
        return .failure(error)
      }
    } abandoned: {
      .failure(
        TargetError(
          target: target.id, disposition: .retryLater, message: "stopped while it was read"))
    }
  }

  /// What an approval names to let us take over accounts that carry our anchor.
  package static func takeoverDigest(of target: TargetID) -> String { "adopt:\(target)" }

  private struct Judged {
    let approved: ApprovedPlan
    var remarks: [String] = []
  }

  private func judge(
    _ plan: Plan, _ context: RunContext, wanted: (Change) -> Bool
  ) async throws(LedgerError) -> Judged {
    // A clock that was put right backwards left removals behind that lie ahead: they count as well.
    let recent = try await ledger.removals(
      from: context.now.adding(.zero - limits.window), through: context.now.adding(limits.window))
    let first = limits.approve(plan, recent: recent, now: context.now, wanted: wanted)
    guard let digest = first.heldDigest?.description else { return Judged(approved: first) }
    let open = try await ledger.openApprovals(now: context.now)
    let given = open.filter { $0.digest == digest }
    if let release = given.first(where: { limits.approval.admits($0, for: context.person) }) {
      return Judged(
        approved: limits.approve(
          plan, recent: recent, now: context.now, release: release, wanted: wanted))
    }
    var judged = Judged(approved: first)
    judged.remarks = given.map { approval in
      "\(plan.target): the approval of \(digest) by \(approval.name) does not count here: limits say "
        + "'approval: otherPerson', and this run is their own; somebody else must run it or approve "
        + "it"
    }
    for approval in open where approval.digest != digest {
      guard let held = try await ledger.heldPlan(approval.digest), held.target == plan.target else {
        continue
      }
      judged.remarks.append(Self.outdated(approval, held, now: first.held))
    }
    return judged
  }

  /// What has become of a held plan since someone approved it.
  private static func outdated(
    _ approval: Approval, _ held: HeldPlan, now changes: [Change]
  ) -> String {
    func named(_ changes: [Change]) -> [NamedChange] {
      changes.map { NamedChange($0, target: held.target) }
    }
    let comparison = PlanComparison(from: named(held.changes), to: named(changes))
    let lines =
      comparison.added.map { "was not in it: \($0)" }
      + comparison.gone.map { "is no longer needed: \($0)" }
    let more = lines.count > 10 ? "; and \(lines.count - 10) more" : ""
    return "\(held.target): the approval of \(approval.digest) by \(approval.name) does not cover "
      + "what is held now: " + lines.prefix(10).joined(separator: "; ") + more
  }

  /// The assignments of the selected access package, in the readings and in the ledger.
  func references(
    of selection: Selection, _ readings: [SourceResult]
  ) async throws(LedgerError) -> Set<AssignmentReference>? {
    guard let name = selection.package else { return nil }
    var references: Set<AssignmentReference> = []
    for known in try await knownAssignments() where known.package == name {
      references.insert(known.reference)
    }
    for result in readings {
      guard case .success(let reading) = result.reading else { continue }
      for assignment in reading.assignments
      where reading.packages[Int(assignment.package)].name == name {
        references.insert(reading.reference(assignment))
      }
    }
    return references
  }

  /// What a selection asks for. A group is created for the additions that are asked for.
  private func wanted(
    of plan: Plan, _ selection: Selection, _ references: Set<AssignmentReference>?
  ) -> (Change) -> Bool {
    guard selection.isNarrow else { return { _ in true } }
    func isAskedFor(_ change: Change) -> Bool {
      if let subject = selection.subject, change.account?.subject != subject { return false }
      guard let references else { return true }
      let own = (change.reason?.assignments ?? []) + [change.ending?.assignment].compactMap { $0 }
      return own.contains { references.contains($0) }
    }
    let filled = Set(
      plan.changes.lazy.filter { $0.phase == .additions && isAskedFor($0) }.compactMap(\.group))
    return { change in
      guard case .createGroup(let key, _) = change else { return isAskedFor(change) }
      return filled.contains(key)
    }
  }
}
