import AccessModel
import ArgumentParser
import LedgerStore
import Reconciling

struct AdoptCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adopt",
    abstract: "Take over the accounts of a target that carry our anchor, after a lost ledger.",
    discussion: """
      The next apply within 24 hours records the accounts that carry our anchor, and the memberships \
      that are desired and present, as ours.
      """)

  @OptionGroup var common: CommonOptions

  @Argument(help: "The target.")
  var target: String

  @Option(help: "Why; kept in the ledger.")
  var reason = ""

  func run() async throws {
    try await finish {
      let workspace = try Workspace.load(common, secrets: .standIns)
      guard workspace.targets.contains(where: { $0.id == TargetID(target) }) else {
        throw CommandFailure(
          status: .usage, message: "the configuration has no target '\(target)'")
      }
      let ledger = try workspace.ledger(
        readOnly: false,
        takingOver: LedgerStore.TakingOver(
          name: OperatingUser.current.name, reason: reason, at: .wallClock))
      defer { ledger.close() }
      try await ledger.approve(
        Approval(
          digest: Reconciler.takeoverDigest(of: TargetID(target)), name: OperatingUser.current.name,
          reason: reason, at: try await RunRecorder.effectiveNow(ledger),
          person: OperatingUser.current.person))
      Console.note("\(target): the next apply within 24 hours takes over what carries our anchor")
      return .done
    }
  }
}
