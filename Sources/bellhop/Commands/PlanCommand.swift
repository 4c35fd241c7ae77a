import AccessModel
import ArgumentParser
import LedgerStore
import Legibility
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

  @Option(
    help: ArgumentHelp(
      "Save the plan in this file, for 'bellhop apply --plan'.", valueName: "file"))
  var out: String?

  @Flag(
    name: .customLong("server-check"),
    help: "Ask each LDAP server whether it would take the changes; it writes nothing.")
  var serverCheck = false

  func validate() throws {
    if out != nil, asOf != nil {
      throw ValidationError("--out and --as-of exclude each other: only a plan for now is applied")
    }
  }

  func run() async throws {
    try await finish {
      let workspace = try Workspace.load(common)
      for warning in workspace.warnings { Console.note(warning.description) }
      let selection = try selection.selection(in: workspace)
      let ledger = try workspace.ledger(readOnly: true)
      let context = try await context(workspace, ledger)
      let reconciler = workspace.reconciler(ledger, logger: common.logger)
      let readings = await reconciler.readSources(context)
      let planned = try await reconciler.plan(
        context, readings: readings, selection: selection)
      let report = serverCheck ? await reconciler.checked(planned) : planned
      // Worth a look while someone looks; in every run from cron it would be noise.
      let read = report.book.live.map(\.reading)
      for hint in workspace.mapping.unknownAttributes(in: read) { Console.note(visible("\(hint)")) }
      if asOf == nil { workspace.rememberShown(report) }
      try show(report)
      let unknowns = try await reconciler.unknowns(of: selection, in: readings)
      for unknown in unknowns { Console.error(unknown) }
      guard unknowns.isEmpty else { return .inputData }
      if let out { try save(report, selection, workspace, to: PlanFile(path: out)) }
      return ExitStatus(report.verdict)
    }
  }

  private func save(
    _ report: RunReport, _ selection: Selection, _ workspace: Workspace, to file: PlanFile
  ) throws {
    let planned = report.targets.filter { $0.failure == nil }
    guard !planned.isEmpty else {
      return Console.note("no target could be planned, so nothing is saved in \(file.path)")
    }
    try file.write(
      SavedPlan(
        bellhop: Bellhop.version, createdAt: report.context.now,
        createdBy: OperatingUser.current.name, configuration: workspace.inputs.configuration,
        mappings: workspace.inputs.mappings, subject: selection.subject,
        package: selection.package, sources: report.sources.map(SavedPlan.Source.init),
        targets: planned.compactMap { $0.approved.map(SavedPlan.Target.init) }))
    for target in report.targets where target.failure != nil {
      Console.note("\(target.target): not in \(file.path), as it could not be planned")
    }
    Console.note("saved; within 24 hours: bellhop apply --plan \(file.path)")
  }

  private func context(
    _ workspace: Workspace, _ ledger: any Ledger
  ) async throws -> RunContext {
    guard let asOf else {
      let (clock, doubt) = try await workspace.clockWatch(ledger).settle()
      return RunContext(
        run: "plan", now: clock.instant, doubt: doubt, person: OperatingUser.current.person)
    }
    do {
      return RunContext(run: "plan", now: try Instant(parsing: asOf))
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
    for line in runText.serverChecks { Console.note(line) }
  }
}
