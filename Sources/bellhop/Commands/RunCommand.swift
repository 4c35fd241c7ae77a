import AccessModel
import ArgumentParser
import LedgerStore
import Legibility
import Logging
import Mapping
import Planning
import Reconciling

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Stay and keep everything as it should be.",
    discussion: """
      Looks at every source and target on its interval, and wakes at the exact instant of the next \
      start or end. Ends on SIGTERM or SIGINT after the batch in flight. For systemd: \
      deploy/systemd/bellhop.service.
      """)

  @OptionGroup var common: CommonOptions

  func run() async throws {
    try await finish {
      let workspace = try Workspace.load(common)
      for warning in workspace.warnings { Console.note(warning.description) }
      let lock = try workspace.lock(command: "bellhop run")
      defer { lock.release() }
      let ledger = try workspace.ledger(readOnly: false, lock: lock)
      defer { ledger.close() }
      var logger = common.logger
      if common.logLevel == .notice { logger.logLevel = .info }
      let recorder = workspace.recorder(ledger, command: "run")
      let (json, log) = (common.json, logger)
      let reconciler = workspace.reconciler(ledger, logger: logger)
      let desk = CallbackDesk(reconciler: reconciler, ledger: ledger)
      let loop = ReconcileLoop(
        reconciler: reconciler,
        schedule: schedule(of: workspace),
        doorbells: workspace.targets.compactMap { $0 as? any Doorbell }, clock: ContinuousClock(),
        wallClock: { .wallClock },
        makeContext: { () throws(LedgerError) in try await recorder.begin() },
        finish: { report throws(LedgerError) in
          let head = try await recorder.end(report)
          Self.tell(report, head, log, json: json)
        },
        answer: { report throws(LedgerError) in
          let answers = try await desk.answer(report)
          for answer in answers.answers {
            log.log(level: answer.isAnswered ? .info : .warning, "\(answer)")
          }
          return answers.areUnconfirmed
        })
      let work = Task { try await loop.run() }
      Signals.onStop { work.cancel() }
      logger.info("started", metadata: ["version": "\(Bellhop.version)"])
      try await work.value
      logger.info("stopped")
      return .done
    }
  }

  private func schedule(of workspace: Workspace) -> Schedule {
    let configuration = workspace.configuration
    return Schedule(
      sources: Dictionary(
        configuration.sources.map { ($0.id, $0.interval ?? configuration.interval) },
        uniquingKeysWith: { first, _ in first }),
      targets: Dictionary(
        configuration.targets.map { ($0.id, $0.interval ?? configuration.interval) },
        uniquingKeysWith: { first, _ in first }),
      news: Dictionary(
        workspace.sources.compactMap { source in
          (source as? any NewsSource)?.newsInterval.map { (source.id, $0) }
        }, uniquingKeysWith: { first, _ in first }))
  }

  /// One line for each run that did or found something, one for each thing it could not do.
  private static func tell(
    _ report: RunReport, _ head: JournalHead?, _ logger: Logger, json: Bool
  ) {
    for remark in RunText(report).remarks { logger.warning("\(remark)") }
    let summary = report.summary(exitCode: ExitStatus(report.verdict).rawValue)
    let level: Logger.Level = summary.exitCode != 0 ? .warning : .info
    logger.log(
      level: level, "run",
      metadata: [
        "run": "\(report.context.run)", "exit": "\(summary.exitCode)",
        "applied": "\(summary.applied)", "failed": "\(summary.failed)",
        "held": "\(summary.held)",
        "next": "\(report.nextBoundary?.description ?? "-")",
        "journal": "\(head?.description ?? "-")",
      ])
    for target in report.targets {
      for (change, outcome) in target.outcomes where outcome.isDone {
        logger.info(
          "\(target.target) \(change.kind)",
          metadata: [
            "object": "\(visible(RunText.object(of: change)))",
            "because": "\(visible(Self.why(change)))",
          ])
      }
      let failures = target.outcomes.filter { !$0.outcome.isDone }
      for (change, outcome) in failures.prefix(20) {
        logger.warning(
          "\(target.target) \(change.kind) \(outcome.word)",
          metadata: [
            "object": "\(visible(RunText.object(of: change)))",
            "reason": "\(visible(outcome.detail ?? "-"))",
          ])
      }
      if failures.count > 20 { logger.warning("and \(failures.count - 20) more not done") }
      if let digest = target.approved?.heldDigest {
        for violation in target.approved?.violations ?? [] { logger.warning("\(violation)") }
        logger.warning("\(target.target): held until 'bellhop approve \(digest)'")
      }
    }
    if json {
      do {
        try Console.output(json: RunJSON(report, command: "run", journal: head))
      } catch {
        logger.error("the report cannot be written as JSON: \(error)")
      }
    }
  }

  private static func why(_ change: Change) -> String {
    if let ending = change.ending { return ending.description }
    return change.reason?.assignments.map(\.description).joined(separator: ", ") ?? ""
  }
}
