import AccessModel
import ArgumentParser
import LedgerStore

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
      try await ledger.approve(
        Approval(
          digest: digest, name: name ?? RunRecorder.actor, reason: reason, at: .wallClock))
      Console.note("approved \(digest) for the next apply within 24 hours")
      if try await !wasHeld(ledger) {
        Console.note("the last runs held nothing under it; it counts if the next plan does")
      }
      return .done
    }
  }

  /// Whether any recent run named the digest. A plan that was only looked at is not in the ledger.
  private func wasHeld(_ ledger: any Ledger) async throws -> Bool {
    try await ledger.runs(limit: 20).contains { run in
      run.summary?.messages.contains { $0.contains(digest) } ?? false
    }
  }
}
