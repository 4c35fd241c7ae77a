import AccessModel
import ArgumentParser
import LedgerStore
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

  func run() async throws {
    try await finish {
      let workspace = try Workspace.load(common)
      for warning in workspace.warnings { Console.note(warning.description) }
      let selection = try selection.selection(in: workspace)
      let lock = try workspace.lock(command: "bellhop apply")
      defer { lock.release() }
      let ledger = try workspace.ledger(readOnly: false)
      defer { ledger.close() }
      let reconciler = workspace.reconciler(
        ledger, logger: common.logger, showsProgress: true)
      let recorder = RunRecorder(ledger: ledger, command: "apply")
      let context = try await recorder.begin(at: .wallClock)
      let readings = await reconciler.readSources(context)
      let work = Task {
        try await reconciler.apply(context, readings: readings, selection: selection)
      }
      Signals.onStop { work.cancel() }
      let report = try await work.value
      Console.endProgress()
      try await recorder.end(report)
      try show(report)
      let unknowns = try await reconciler.unknowns(of: selection, in: readings)
      for unknown in unknowns { Console.error(unknown) }
      return unknowns.isEmpty ? ExitStatus(report.verdict) : .inputData
    }
  }

  private func show(_ report: RunReport) throws {
    let runText = RunText(report, showsAll: text.all)
    for remark in runText.remarks { Console.note(remark) }
    if common.json {
      try Console.output(json: RunJSON(report, command: "apply"))
    } else {
      let outcomes = runText.outcomes
      Console.outputPlan(runText.plans + (outcomes.isEmpty ? "" : "\n" + outcomes))
    }
  }
}
