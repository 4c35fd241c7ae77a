package import AccessModel
import Mapping
import Planning

extension Reconciler {
  struct Prepared {
    let report: TargetReport
    /// The approval that lets us take over what we find.
    var takeover: Approval?
  }

  /// Reads one target, plans it and judges the plan. Writes nothing.
  func prepare(
    _ target: any Target, _ book: AssignmentBook, _ context: RunContext,
    _ selection: Selection, _ references: Set<AssignmentReference>?
  ) async throws(LedgerError) -> Prepared {
    let owned = try await ledger.ownership(of: target.id)
    let desired = mapping.desiredState(of: target.id, traits: target.traits, from: book.live)
    let scope = ManagedScope(desired: desired, owned: owned)
    let actual: ActualState
    do throws(TargetError) {
      actual = try await target.readActualState(scope)
    } catch {
      return Prepared(
        report: TargetReport(
          target: target.id, approved: nil, failure: .unavailable(error), outcomes: []))
    }
    let takeover = try await ledger.approval(
      of: Self.takeoverDigest(of: target.id), now: context.now)
    let whole = Planning.plan(
      PlanInput(
        desired: desired, actual: actual, owned: owned, scope: scope, book: book,
        traits: target.traits, takesOver: takeover != nil, now: context.now))
    let approved = try await judge(whole, context, wanted: wanted(of: whole, selection, references))
    let isLost = whole.unrecordedAnchors > 0 && takeover == nil
    return Prepared(
      report: TargetReport(
        target: target.id, approved: approved,
        failure: isLost ? .lostLedger(anchors: whole.unrecordedAnchors) : nil, outcomes: []),
      takeover: takeover)
  }

  /// What an approval names to let us take over accounts that carry our anchor.
  package static func takeoverDigest(of target: TargetID) -> String { "adopt:\(target)" }

  private func judge(
    _ plan: Plan, _ context: RunContext, wanted: (Change) -> Bool
  ) async throws(LedgerError) -> ApprovedPlan {
    let recent = try await ledger.removals(since: context.now.adding(.zero - limits.window))
    let first = limits.approve(plan, recent: recent, wanted: wanted)
    guard let digest = first.heldDigest,
      let release = try await ledger.approval(of: digest.description, now: context.now)
    else { return first }
    return limits.approve(plan, recent: recent, release: release, wanted: wanted)
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
