import AccessModel
import ArgumentParser

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
      try await workspace.ledger(readOnly: false).approve(
        Approval(
          digest: digest, name: name ?? RunRecorder.actor, reason: reason, at: .wallClock))
      Console.note("approved \(digest) for the next apply within 24 hours")
      return .done
    }
  }
}
