package import AccessModel
import Mapping
import Planning

extension Reconciler {
  struct Prepared {
    let report: TargetReport
    let owned: Ownership
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
          target: target.id, approved: nil, failure: .unavailable(error), outcomes: []),
        owned: owned)
    }
    let takeover = try await ledger.approval(
      of: Self.takeoverDigest(of: target.id), now: context.now)
    let whole = Planning.plan(
      PlanInput(
        desired: desired, actual: actual, owned: owned, scope: scope, book: book,
        traits: target.traits, adopt: takeover != nil, now: context.now))
    let plan =
      selection.isNarrow
      ? whole.narrowed { Self.isWanted($0, selection, references) } : whole
    let approved = try await judge(plan, context)
    let isLost = owned.isFirstRun && plan.unrecordedAnchors > 0 && takeover == nil
    return Prepared(
      report: TargetReport(
        target: target.id, approved: approved,
        failure: isLost ? .lostLedger(anchors: plan.unrecordedAnchors) : nil, outcomes: []),
      owned: owned)
  }

  /// What an approval names to let us take over accounts that carry our anchor.
  package static func takeoverDigest(of target: TargetID) -> String { "adopt:\(target)" }

  private func judge(
    _ plan: Plan, _ context: RunContext
  ) async throws(LedgerError) -> ApprovedPlan {
    let window = limits.window
    let start = context.now.adding(
      .seconds(-(window.days * 86_400 + window.months * 30 * 86_400 + window.seconds)))
    let recent = try await ledger.removals(since: start)
    let first = limits.approve(plan, recent: recent)
    guard let digest = first.heldDigest,
      let release = try await ledger.approval(of: digest.description, now: context.now)
    else { return first }
    return limits.approve(plan, recent: recent, release: release)
  }

  /// The assignments of the selected access package, in the readings and in the ledger.
  func references(
    of selection: Selection, _ readings: [SourceResult]
  ) async throws(LedgerError) -> Set<AssignmentReference>? {
    guard let name = selection.package else { return nil }
    var references: Set<AssignmentReference> = []
    for result in readings {
      for known in try await ledger.knownAssignments(of: result.source)
      where known.package == name {
        references.insert(known.reference)
      }
      guard case .success(let reading) = result.reading else { continue }
      for assignment in reading.assignments
      where reading.packages[Int(assignment.package)].name == name {
        references.insert(reading.reference(assignment))
      }
    }
    return references
  }

  private static func isWanted(
    _ change: Change, _ selection: Selection, _ references: Set<AssignmentReference>?
  ) -> Bool {
    if let subject = selection.subject, change.account?.subject != subject,
      change.account != nil
    {
      return false
    }
    guard let references else { return true }
    let own = (change.reason?.assignments ?? []) + [change.ending?.assignment].compactMap { $0 }
    return own.contains { references.contains($0) }
  }
}
