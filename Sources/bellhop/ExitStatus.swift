import AccessModel
import ArgumentParser
import Reconciling

/// What the process says with its exit code; scripts and cron depend on these (docs/commands.md).
enum ExitStatus: Int32 {
  case done = 0
  case changesPending = 2
  case heldByLimits = 3
  case partlyApplied = 4
  case usage = 64
  case inputData = 65
  case unavailable = 69
  case bug = 70
  case ledger = 74
  case anotherRun = 75
  case configuration = 78

  init(_ verdict: RunReport.Verdict) {
    self =
      switch verdict {
      case .converged: .done
      case .pending: .changesPending
      case .heldByLimits: .heldByLimits
      case .partlyApplied: .partlyApplied
      case .malformed: .inputData
      case .unavailable: .unavailable
      case .ledgerLost, .ledgerFull: .ledger
      }
  }
}

/// Ends a command with a message for people on standard error.
struct CommandFailure: Error {
  let status: ExitStatus
  let message: String
}

extension AsyncParsableCommand {
  /// Runs the body of a command and turns what it throws into a message and an exit code.
  func finish(_ body: () async throws -> ExitStatus) async throws {
    let failure: CommandFailure
    do {
      let status = try await body()
      if let fault = Console.outputFault {
        throw CommandFailure(
          status: .ledger,
          message: "standard output could not be written: \(fault); 'bellhop history' shows what "
            + "was done")
      }
      guard status != .done else { return }
      throw ExitCode(status.rawValue)
    } catch let code as ExitCode {
      throw code
    } catch let error as CommandFailure {
      failure = error
    } catch let error as LedgerError {
      failure = CommandFailure(
        status: error.kind == .displaced ? .anotherRun : .ledger, message: error.description)
    } catch {
      // Of its type alone: what is in it may be anything.
      failure = CommandFailure(
        status: .bug, message: "this is a bug: \(type(of: error)) was not expected here")
    }
    Console.error(failure.message)
    throw ExitCode(failure.status.rawValue)
  }
}
