import AccessModel
import ArgumentParser
import LedgerStore
import Legibility
import Logging
import Mapping
import Planning
import Reconciling

struct ApplyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply",
    abstract: "Plan, and carry out what the limits let pass.",
    discussion: """
      Exits 0 when everything is as it should be, 3 if something is held by limits, 4 if something \
      else is held or failed. docs/commands.md lists all codes.
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var selection: SelectionOptions
  @OptionGroup var text: PlanTextOptions

  @Option(
    help: ArgumentHelp(
      "Apply exactly what 'bellhop plan --out' saved in this file, or nothing.",
      valueName: "file"))
  var plan: String?

  func validate() throws {
    guard plan != nil else { return }
    if !selection.target.isEmpty || selection.subject != nil || selection.package != nil {
      throw ValidationError(
        "--plan says what to apply; --target, --subject and --package do not go")
    }
  }

  func run() async throws {
    try await finish {
      let saved = try plan.map { try PlanFile(path: $0).read() }
      let workspace = try Workspace.load(common)
      for warning in workspace.warnings { Console.note(warning.description) }
      let selection = try selection.selection(in: workspace)
      let lock = try workspace.lock(command: "bellhop apply")
      defer { lock.release() }
      let ledger = try workspace.ledger(readOnly: false, lock: lock)
      defer { ledger.close() }
      let reconciler = workspace.reconciler(
        ledger, logger: common.logger, showsProgress: true)
      var recorder = workspace.recorder(ledger, command: "apply")
      if let plan, let saved {
        recorder.savedPlan = try saved.digest()
        let application = SavedPlanApplication(
          path: plan, saved: saved, workspace: workspace, ledger: ledger, reconciler: reconciler,
          recorder: recorder)
        switch try await application.run() {
        case .applied(let report, let head):
          try show(report, head)
          if let head { common.logger.notice("journal \(head)") }
          return ExitStatus(report.verdict)
        case .refused(let refusal): return try show(refusal)
        }
      }
      let work = Task { [recorder] in
        let reading = SourceReading(of: reconciler, now: .wallClock)
        var early: RunReport?
        if await !reading.hasEnded(within: Self.patience) {
          early = try await endWhatHasEnded(reconciler, recorder, selection, ledger)
        }
        await reading.end()
        // Taken now, so that what has ended meanwhile is over.
        let context = try await recorder.begin()
        let readings = reading.results(context)
        let report = try await reconciler.apply(
          context, readings: readings, selection: selection)
        return (context, early, readings, report)
      }
      Signals.onStop { work.cancel() }
      let (context, early, readings, applied) = try await work.value
      var report = applied
      Console.endProgress()
      let head = try await recorder.end(report)
      report.late = early?.targets.filter { !$0.outcomes.isEmpty } ?? []
      try show(report, head)
      if let head { common.logger.notice("journal \(head)") }
      let desk = CallbackDesk(reconciler: reconciler, ledger: ledger)
      if desk.isAwaited(in: report) {
        // What was written counts only if it can be seen.
        let seen = try await reconciler.plan(context, readings: readings)
        for answer in try await desk.answer(seen).answers { Console.note("\(answer)") }
      }
      let unknowns = try await reconciler.unknowns(of: selection, in: readings)
      for unknown in unknowns { Console.error(unknown) }
      return unknowns.isEmpty ? ExitStatus(report.verdict) : .inputData
    }
  }

  /// Sources that take longer do not make what has ended wait for them.
  private static let patience = Duration.seconds(5)

  private func endWhatHasEnded(
    _ reconciler: Reconciler, _ recorder: RunRecorder, _ selection: Selection, _ ledger: any Ledger
  ) async throws -> RunReport? {
    let report = try await reconciler.applyKnownEnds(
      at: try await RunRecorder.effectiveNow(ledger), selection: selection,
      makeContext: { () throws(LedgerError) in try await recorder.begin() })
    if let report { _ = try await recorder.end(report) }
    return report
  }

  private func show(_ refusal: SavedPlanApplication.Refusal) throws -> ExitStatus {
    if common.json { try Console.output(json: refusal) }
    let shown = text.all ? refusal.differences[...] : refusal.differences.prefix(40)
    var lines = (refusal.refused + shown).map { "  \(visible($0))" }
    if shown.count < refusal.differences.count {
      lines.append("  … and \(refusal.differences.count - shown.count) more; --all shows them")
    }
    Console.error(
      "the plan file \(refusal.plan) is not applied, and nothing was written\n"
        + lines.joined(separator: "\n")
        + "\nLook at a new one: bellhop plan --out \(refusal.plan)")
    return ExitStatus(rawValue: refusal.exitCode) ?? .bug
  }

  private func show(_ report: RunReport, _ head: JournalHead?) throws {
    let runText = RunText(report, showsAll: text.all)
    for remark in runText.remarks { Console.note(remark) }
    if common.json {
      try Console.output(json: RunJSON(report, command: "apply", journal: head))
    } else {
      let outcomes = runText.outcomes
      Console.outputPlan(runText.plans + (outcomes.isEmpty ? "" : "\n" + outcomes))
    }
    for command in runText.approvals(common.config) { Console.note(command) }
  }
}
