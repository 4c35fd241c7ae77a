import AccessModel
import Foundation
import Reconciling

/// Begins and ends runs in the ledger.
struct RunRecorder {
  let ledger: any Ledger
  let command: String

  /// Time never goes below what the ledger has seen: an end that has passed stays passed.
  static func effectiveNow(
    _ wall: Instant, _ ledger: any Ledger
  ) async throws(LedgerError) -> Instant {
    max(wall, try await ledger.highestInstant() ?? wall)
  }

  func begin(at wall: Instant) async throws(LedgerError) -> RunContext {
    let now = try await Self.effectiveNow(wall, ledger)
    let context = RunContext(run: Self.makeID(at: now), now: now)
    try await ledger.beginRun(
      RunRecord(id: context.run, command: command, actor: Self.actor, startedAt: now))
    return context
  }

  func end(_ report: RunReport) async throws(LedgerError) {
    let status = ExitStatus(report.verdict)
    try await ledger.endRun(
      report.context.run, at: max(report.context.now, .wallClock),
      summary: report.summary(exitCode: status.rawValue))
  }

  /// `20260112T090000Z-1f3a`: sortable, readable, and distinct within a second.
  static func makeID(at now: Instant) -> RunID {
    let compact = now.description.prefix(19).filter { $0 != "-" && $0 != ":" }
    let suffix = String(UInt32.random(in: 0...0xffff) + 0x10000, radix: 16).dropFirst()
    return RunID("\(compact)Z-\(suffix)")
  }

  /// Who runs this: the login name, and behind sudo the one who called it.
  static var actor: String {
    let environment = ProcessInfo.processInfo.environment
    let name = NSUserName()
    guard let caller = environment["SUDO_USER"], !caller.isEmpty else { return name }
    return "\(caller) as \(name)"
  }
}
