import AccessModel
import ArgumentParser
import LedgerStore
import Legibility
import Planning
import Reconciling

struct ReleaseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release",
    abstract: "Say that this machine's clock is right after it jumped, or lift a quarantine.",
    discussion: """
      --clock is good for this one jump: what starts and ends since is decided by the next run, and \
      a later jump is held again. TARGET lifts the quarantine of a target, --subject that of a \
      subject in it, or in every target where none is named.
      """)

  @OptionGroup var common: CommonOptions

  @Argument(help: "The target whose quarantine is lifted.")
  var target: String?

  @Option(help: ArgumentHelp("The subject whose quarantine is lifted.", valueName: "id"))
  var subject: String?

  @Flag(help: "This machine's clock is right.")
  var clock = false

  @Option(help: "Why; kept in the ledger.")
  var reason: String

  @Option(help: "Who says so. Default: who runs this command.")
  var name: String?

  func validate() throws {
    guard clock != (target != nil || subject != nil) else {
      throw ValidationError("name --clock, or what is to be lifted: TARGET, --subject ID or both")
    }
    guard reason.contains(where: { !$0.isWhitespace }) else {
      throw ValidationError("--reason: say why; it is kept in the ledger")
    }
  }

  func run() async throws {
    try await finish {
      let workspace = try Workspace.load(common, secrets: .standIns)
      let ledger = try workspace.ledger(readOnly: false)
      defer { ledger.close() }
      if clock { return try await releaseClock(ledger) }
      return try await lift(workspace, ledger)
    }
  }

  private func releaseClock(_ ledger: any Ledger) async throws(LedgerError) -> ExitStatus {
    let reading = ClockReading.machine()
    guard
      case .doubtful(let doubt) = ClockJudgement(
        reading, history: try await ledger.clockHistory())
    else {
      Console.note("the clock of this machine is not in doubt: \(reading.wall)")
      return .done
    }
    try await ledger.recordClock(
      ClockRecord(
        reading: reading,
        standing: .released(by: name ?? OperatingUser.current.name, reason: reason),
        instant: reading.wall))
    Console.note(
      "taken for right: \(reading.wall); the next run decides what has started and ended since "
        + "\(doubt.since)")
    return .done
  }

  private func lift(
    _ workspace: Workspace, _ ledger: any Ledger
  ) async throws -> ExitStatus {
    if let target, !workspace.targets.contains(where: { $0.id == TargetID(target) }) {
      throw CommandFailure(
        status: .usage, message: "the configuration has no target '\(target)'")
    }
    let wanted = (target.map { TargetID($0) }, subject.map { SubjectID($0) })
    let released = try await Quarantine.release(
      target: wanted.0, subject: wanted.1, by: name ?? OperatingUser.current.name, reason: reason,
      at: try await RunRecorder.effectiveNow(ledger), in: ledger)
    for trouble in released {
      Console.note(visible("\(trouble.name): tried again from the next run on"))
    }
    guard released.isEmpty else { return .done }
    let set = try await ledger.troubles().filter { $0.quarantinedAt != nil }.map(\.name)
    throw CommandFailure(
      status: .inputData,
      message: set.isEmpty
        ? "nothing is set aside" : visible("that is not set aside; " + set.joined(separator: ", ")))
  }
}
