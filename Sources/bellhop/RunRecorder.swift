import AccessModel
import Planning
import Reconciling

/// Begins and ends runs in the ledger.
struct RunRecorder {
  let ledger: any Ledger
  let command: String
  let inputs: InputDigests
  let watch: ClockWatch
  var savedPlan: String?
  var undoes: RunID?

  /// A run that has its name and its time and is not recorded yet.
  struct Prospect {
    let context: RunContext
    fileprivate let clock: ClockRecord
  }

  /// Judges the clock and names a run, to look before anything is recorded.
  func prospect() async throws(LedgerError) -> Prospect {
    let (clock, doubt) = try await watch.settle()
    return Prospect(
      context: RunContext(
        run: Self.makeID(at: clock.instant), now: clock.instant, doubt: doubt,
        person: OperatingUser.current.person),
      clock: clock)
  }

  /// Records the run, and with it what came of judging the clock.
  func begin(_ prospect: Prospect) async throws(LedgerError) {
    try await ledger.recordClock(prospect.clock)
    try await ledger.beginRun(
      RunRecord(
        id: prospect.context.run, command: command, actor: OperatingUser.current.name,
        person: prospect.context.person, configuration: inputs.configuration,
        mappings: inputs.mappings, savedPlan: savedPlan, undoes: undoes,
        startedAt: prospect.context.now))
  }

  func begin() async throws(LedgerError) -> RunContext {
    let prospect = try await prospect()
    try await begin(prospect)
    return prospect.context
  }

  /// Gives the journal's head after it.
  func end(_ report: RunReport) async throws(LedgerError) -> JournalHead? {
    let status = ExitStatus(report.verdict)
    // A clock in doubt is never written down as the time.
    let at = report.context.doubt == nil ? max(report.context.now, .wallClock) : report.context.now
    try await ledger.endRun(
      report.context.run, at: at, summary: report.summary(exitCode: status.rawValue))
    return try await ledger.journalHead()
  }

  /// The instant that a command decides for which asks no server: time never goes below what the
  /// ledger has seen, and what is in doubt has not come.
  static func effectiveNow(_ ledger: any Ledger) async throws(LedgerError) -> Instant {
    switch ClockJudgement(.machine(), history: try await ledger.clockHistory()) {
    case .sound(let now, _): now
    case .doubtful(let doubt): doubt.since
    }
  }

  /// `20260112T090000Z-1f3a`: sortable, readable, and distinct within a second.
  static func makeID(at now: Instant) -> RunID {
    let compact = now.description.prefix(19).filter { $0 != "-" && $0 != ":" }
    let suffix = String(UInt32.random(in: 0...0xffff) + 0x10000, radix: 16).dropFirst()
    return RunID("\(compact)Z-\(suffix)")
  }
}
