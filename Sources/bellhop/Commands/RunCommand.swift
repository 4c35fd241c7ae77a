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
      let (json, log, runLog) = (common.json, logger, RunLog(logger))
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
          runLog.tell(report, head)
          if json { Self.output(report, head, log) }
        },
        answer: { report throws(LedgerError) in
          let answers = try await desk.answer(report)
          runLog.tell(answers.answers, at: report.context.now)
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

  private static func output(_ report: RunReport, _ head: JournalHead?, _ logger: Logger) {
    do {
      try Console.output(json: RunJSON(report, command: "run", journal: head))
    } catch {
      logger.error("the report cannot be written as JSON: \(error)")
    }
  }
}
