import AccessModel
import ArgumentParser
import LedgerStore
import Planning

struct ApproveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "approve",
    abstract: "Let one held plan pass its limits, once, within 24 hours.",
    discussion: "The digest is the one that 'bellhop plan' prints under 'Held by limits'.")

  @OptionGroup var common: CommonOptions

  @Argument(help: "The digest of the held changes, 16 hexadecimal digits.")
  var digest: String

  @Option(help: "Why; kept in the ledger.")
  var reason = ""

  @Option(help: "Who approves. Default: who runs this command.")
  var name: String?

  func run() async throws {
    try await finish {
      guard digest.count == 16, digest.allSatisfy({ $0.isHexDigit && !$0.isUppercase }) else {
        throw CommandFailure(
          status: .usage,
          message: "'\(digest)' is not a digest of 16 hexadecimal digits; 'bellhop plan' prints it")
      }
      let workspace = try Workspace.load(common, secrets: .standIns)
      let ledger = try workspace.ledger(readOnly: false)
      defer { ledger.close() }
      let held = try await ledger.heldPlan(digest)
      try await requireKnown(held, workspace, ledger)
      let person = OperatingUser.current.person
      if workspace.configuration.limits.approval == .otherPerson,
        held?.people.contains(person) ?? false
      {
        throw CommandFailure(
          status: .usage,
          message:
            "limits say 'approval: otherPerson', and \(OperatingUser.current.name) ran a run "
            + "that held this; somebody else must approve it")
      }
      try await ledger.approve(
        Approval(
          digest: digest, name: name ?? OperatingUser.current.name, reason: reason,
          at: try await RunRecorder.effectiveNow(ledger), person: person))
      Console.note("approved \(digest) for the next apply within 24 hours")
      try await tell(held, try await ledger.waitingPlans())
      return .done
    }
  }

  /// Throws if no run held anything under the digest and nobody was shown it, or if what the ledger
  /// would show for it is something else.
  private func requireKnown(
    _ held: HeldPlan?, _ workspace: Workspace, _ ledger: any Ledger
  ) async throws {
    if let held {
      guard PlanDigest(target: held.target, changes: held.changes).description == digest else {
        throw CommandFailure(
          status: .ledger,
          message: "what the ledger says \(digest) holds was edited: it names other changes; "
            + "see 'bellhop verify', then 'bellhop plan'")
      }
      return
    }
    guard !workspace.shownDigests.contains(digest) else { return }
    let waiting = try await ledger.waitingPlans().map {
      "\($0.target): \($0.digest), \($0.changes.count) change(s), held since \($0.since)"
    }
    throw CommandFailure(
      status: .inputData,
      message: "nothing is held under \(digest), so nothing is approved; "
        + (waiting.isEmpty
          ? "nothing waits for approval, as far as the last runs tell: see 'bellhop plan'"
          : "what waits is " + waiting.joined(separator: "; ")))
  }

  /// What was approved, as the last run that held it knew it; a plan that was only looked at is not in
  /// the ledger.
  private func tell(_ held: HeldPlan?, _ waiting: [HeldPlan]) async throws {
    if let held {
      Console.note("\(held.target): \(held.changes.count) change(s), held since \(held.since)")
      for change in held.changes.prefix(20) { Console.note("  \(ChangeReport(change))") }
      if held.changes.count > 20 { Console.note("  … and \(held.changes.count - 20) more") }
      if waiting.contains(where: { $0.digest == digest }) { return }
      Console.note("but the last run did not hold it any more")
    } else {
      Console.note("no run held anything under it; it counts if the next plan does")
    }
    if waiting.isEmpty { Console.note("nothing waits for approval, as far as the last runs tell") }
    for plan in waiting {
      Console.note(
        "\(plan.target): what waits now is \(plan.digest), \(plan.changes.count) change(s), held "
          + "since \(plan.since)")
    }
  }
}
