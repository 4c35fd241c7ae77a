import AccessModel
import ArgumentParser
import LedgerStore
import Legibility
import Logging
import Mapping
import Planning
import Reconciling

struct UndoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "undo",
    abstract: "Plan the inverse of a run, as far as that is still justified.",
    discussion: """
      Shows what would take the run back, and writes nothing; with --apply it is carried out, through \
      the same limits as every other plan. What a live assignment asks for stays, what none asks for \
      does not come back, and both are listed with what to change first. Exits as 'plan' does, and \
      with --apply as 'apply' does. 'bellhop history --runs' lists the runs.
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var text: PlanTextOptions

  @Argument(help: "The run, such as 20270112T090000Z-1f3a.")
  var run: String

  @Flag(help: "Carry it out.")
  var apply = false

  @Option(help: "Why; kept in the ledger as the evidence of what is removed.")
  var reason: String?

  func run() async throws {
    try await finish {
      let workspace = try Workspace.load(common)
      for warning in workspace.warnings { Console.note(warning.description) }
      let lock = apply ? try workspace.lock(command: "bellhop undo") : nil
      defer { lock?.release() }
      let ledger = try workspace.ledger(readOnly: !apply, lock: lock)
      defer { if apply { ledger.close() } }
      let undo = try await undo(ledger)
      for target in Set(undo.entries.map(\.target)).sorted()
      where !workspace.targets.contains(where: { $0.id == target }) {
        Console.error(
          "\(target): the configuration has no such target any more, so nothing is undone there")
      }
      var recorder = workspace.recorder(ledger, command: "undo")
      recorder.undoes = RunID(run)
      let prospect = try await recorder.prospect()
      let context = prospect.context
      let reconciler = workspace.reconciler(ledger, logger: common.logger, showsProgress: true)
      let readings = await reconciler.readSources(context)
      let preparation = try await reconciler.prepare(
        context, readings: readings,
        selection: Selection(targets: Set(undo.entries.map(\.target))), undoing: undo)
      guard apply else {
        workspace.rememberShown(preparation.report)
        return try show(preparation.report, nil)
      }
      try await recorder.begin(prospect)
      let work = Task { try await reconciler.carryOut(preparation) }
      Signals.onStop { work.cancel() }
      let report = try await work.value
      Console.endProgress()
      let head = try await recorder.end(report)
      if let head { common.logger.notice("journal \(head)") }
      return try show(report, head)
    }
  }

  /// Throws if the ledger knows no such run.
  private func undo(_ ledger: any Ledger) async throws -> Undo {
    let id = RunID(run)
    guard try await ledger.run(id) != nil else {
      let latest = try await ledger.runs(limit: 3).map(\.id.rawValue).joined(separator: ", ")
      throw CommandFailure(
        status: .inputData,
        message: visible("the ledger knows no run '\(run)'; ")
          + (latest.isEmpty ? "it knows none at all" : "the latest are \(latest)"))
    }
    let entries = try await ledger.journal(JournalQuery(run: id, limit: .max))
    var later: [JournalEntry] = []
    if let first = entries.last {
      later = try await ledger.journal(JournalQuery(after: first.id, limit: .max))
        .filter { $0.run != id }
    }
    return Undo(
      entries: entries, later: later,
      ending: .operator(
        name: OperatingUser.current.name,
        reason: reason.map { "undo of \(id): \($0)" }
          ?? "undo of \(id)"))
  }

  private func show(_ report: RunReport, _ head: JournalHead?) throws -> ExitStatus {
    let runText = RunText(report, showsAll: text.all)
    for remark in runText.remarks { Console.note(remark) }
    if common.json {
      try Console.output(json: RunJSON(report, command: "undo", journal: head))
    } else {
      let outcomes = runText.outcomes
      Console.outputPlan(
        runText.plans + runText.kept + (outcomes.isEmpty || !apply ? "" : "\n" + outcomes))
      if report.targets.isEmpty { Console.note("run \(run) changed nothing, so nothing is undone") }
    }
    for command in runText.approvals(common.config, then: "undo \(run) --apply") {
      Console.note(command)
    }
    let isPending = report.targets.contains { !($0.approved?.plan.changes.isEmpty ?? true) }
    if !apply, isPending {
      Console.note("nothing is written yet; to carry it out: bellhop undo \(run) --apply")
    }
    return ExitStatus(report.verdict)
  }
}
