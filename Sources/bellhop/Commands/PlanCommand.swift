import AccessModel
import ArgumentParser
import LedgerStore
import Mapping
import Planning
import Reconciling

struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Show what apply would do, and why. Writes nothing.",
    discussion: "Exits 0 if everything is as it should be and 2 if changes are pending.")

  @OptionGroup var common: CommonOptions
  @OptionGroup var selection: SelectionOptions
  @OptionGroup var text: PlanTextOptions

  @Option(
    name: .customLong("as-of"),
    help: ArgumentHelp(
      "Plan as if it were this instant, such as 2027-01-12T09:00:00Z.", valueName: "instant"))
  var asOf: String?

  func run() async throws {
    try await finish {
      let workspace = try Workspace.load(common)
      for warning in workspace.warnings { Console.note(warning.description) }
      let selection = try selection.selection(in: workspace)
      let ledger = try workspace.ledger(readOnly: true)
      let context = RunContext(run: "plan", now: try await now(ledger))
      let reconciler = workspace.reconciler(ledger, logger: common.logger)
      let readings = await reconciler.readSources(context)
      let report = try await reconciler.plan(
        context, readings: readings, selection: selection)
      // Worth a look while someone looks; in every run from cron it would be noise.
      let read = report.book.live.map(\.reading)
      for hint in workspace.mapping.unknownAttributes(in: read) { Console.note(visible("\(hint)")) }
      try show(report)
      let unknowns = try await reconciler.unknowns(of: selection, in: readings)
      for unknown in unknowns { Console.error(unknown) }
      return unknowns.isEmpty ? ExitStatus(report.verdict) : .inputData
    }
  }

  private func now(_ ledger: any Ledger) async throws -> Instant {
    guard let asOf else { return try await RunRecorder.effectiveNow(.wallClock, ledger) }
    do {
      return try Instant(parsing: asOf)
    } catch {
      throw CommandFailure(status: .usage, message: "--as-of: \(error)")
    }
  }

  private func show(_ report: RunReport) throws {
    let runText = RunText(report, showsAll: text.all)
    for remark in runText.remarks { Console.note(remark) }
    if common.json {
      try Console.output(json: RunJSON(report, command: "plan"))
    } else {
      Console.outputPlan(runText.plans)
    }
  }
}
