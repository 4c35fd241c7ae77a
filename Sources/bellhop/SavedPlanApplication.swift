import AccessModel
import Planning
import Reconciling

/// Applies a saved plan exactly, or nothing of it.
struct SavedPlanApplication {
  enum Answer {
    case applied(RunReport, JournalHead?)
    case refused(Refusal)
  }

  /// Why nothing was written.
  struct Refusal: Encodable {
    let version = 1
    let command = "apply"
    /// The file.
    let plan: String
    let exitCode: Int32
    /// What is wrong with the plan as a whole.
    let refused: [String]
    /// What applying it now would do otherwise, change by change.
    let differences: [String]
  }

  let path: String
  let saved: SavedPlan
  let workspace: Workspace
  let ledger: any Ledger
  let reconciler: Reconciler
  let recorder: RunRecorder

  /// Nothing is written, the ledger included, before all targets were compared.
  func run() async throws -> Answer {
    let prospect = try await recorder.prospect()
    let context = prospect.context
    var reasons = try await faults(now: context.now)
    guard reasons.isEmpty else { return .refused(refusal(.inputData, reasons)) }
    reasons = changedInputs
    let readings = await reconciler.readSources(context)
    let preparation = try await reconciler.prepare(
      context, readings: readings,
      selection: Selection(
        targets: Set(saved.targets.map { TargetID($0.target) }),
        subject: saved.subject.map { SubjectID($0) }, package: saved.package))
    var status = ExitStatus.inputData
    var differences: [String] = []
    for (target, now) in pairs(with: preparation.report) {
      if let failure = now.failure {
        status = failure.isLostLedger ? .ledger : .unavailable
        reasons.append("\(now.target): \(failure)")
      } else if let approved = now.approved {
        differences += SavedPlanComparison(target, now: approved).lines
      }
    }
    guard reasons.isEmpty, differences.isEmpty else {
      return .refused(refusal(status, reasons, differences))
    }
    try await recorder.begin(prospect)
    let work = Task { try await reconciler.carryOut(preparation) }
    Signals.onStop { work.cancel() }
    let report = try await work.value
    Console.endProgress()
    return .applied(report, try await recorder.end(report))
  }

  private func refusal(
    _ status: ExitStatus, _ reasons: [String], _ differences: [String] = []
  ) -> Refusal {
    Refusal(
      plan: path, exitCode: status.rawValue, refused: reasons, differences: differences)
  }

  /// What makes it useless whatever is in it.
  private func faults(now: Instant) async throws(LedgerError) -> [String] {
    var faults: [String] = []
    if let digest = recorder.savedPlan, let run = try await ledger.run(ofSavedPlan: digest) {
      faults.append("run \(run) has applied it, and a plan is applied once")
    }
    if now >= saved.expiresAt {
      faults.append(
        "it was made at \(saved.createdAt) and could be applied until \(saved.expiresAt)")
    } else if saved.createdAt > now.adding(.seconds(300)) {
      faults.append("it was made at \(saved.createdAt), which is yet to come: check the clock")
    }
    let configured = Set(workspace.targets.map(\.id.rawValue))
    for target in saved.targets where !configured.contains(target.target) {
      faults.append("it is for target \(target.target), which the configuration does not have")
    }
    return faults
  }

  private var changedInputs: [String] {
    func change(_ what: String, _ before: String, _ after: String) -> String? {
      before == after
        ? nil
        : "\(what) changed since it was made (sha256 \(before.prefix(12))… then, "
          + "\(after.prefix(12))… now)"
    }
    return [
      change("the configuration", saved.configuration, workspace.inputs.configuration),
      change("the mappings", saved.mappings, workspace.inputs.mappings),
    ].compactMap(\.self)
  }

  private func pairs(with report: RunReport) -> [(SavedPlan.Target, TargetReport)] {
    saved.targets.compactMap { target in
      report.targets.first { $0.target.rawValue == target.target }.map { (target, $0) }
    }
  }
}
