import AccessModel
import ArgumentParser
import Reconciling

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
      try await record(
        Approval(
          digest: digest, name: name ?? RunRecorder.actor, reason: reason, at: .wallClock),
        in: workspace)
      Console.note("approved \(digest) for the next apply within 24 hours")
      return .done
    }
  }
}

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
      try await record(
        Approval(
          digest: Reconciler.takeoverDigest(of: TargetID(target)), name: RunRecorder.actor,
          reason: reason, at: .wallClock),
        in: workspace)
      Console.note("\(target): the next apply within 24 hours takes over what carries our anchor")
      return .done
    }
  }
}

private func record(_ approval: Approval, in workspace: Workspace) async throws {
  do {
    try await workspace.ledger(readOnly: false).approve(approval)
  } catch let error as LedgerError {
    throw CommandFailure(status: .ledger, message: error.description)
  }
}
