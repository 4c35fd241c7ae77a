import AccessModel
import ArgumentParser
import LedgerStore
import Legibility
import Planning

struct HistoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "Show what was changed, when and why, newest first; needs no network.")

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("Only changes of this run.", valueName: "id"))
  var run: String?

  @Option(help: ArgumentHelp("Only changes to this target.", valueName: "id"))
  var target: String?

  @Option(help: ArgumentHelp("Only changes to this subject, by its id.", valueName: "id"))
  var subject: String?

  @Option(help: ArgumentHelp("Only changes to this group.", valueName: "name"))
  var group: String?

  @Option(help: "How many at the most.")
  var limit = 50

  @Flag(help: "List runs instead of changes.")
  var runs = false

  func run() async throws {
    try await finish {
      let workspace = try Workspace.load(common, secrets: .standIns)
      let ledger = try workspace.ledger(readOnly: true)
      if runs { return try await showRuns(ledger) }
      return try show(
        try await ledger.journal(
          JournalQuery(
            run: run.map { RunID($0) }, target: target.map { TargetID($0) },
            subject: subject.map { SubjectID($0) }, group: try groupKey(in: workspace),
            limit: limit)))
    }
  }

  /// The group as the ledger spells it, by whichever target knows the name.
  private func groupKey(in workspace: Workspace) throws -> EntitlementKey? {
    guard let group else { return nil }
    for candidate in workspace.targets where target == nil || candidate.id == TargetID(target ?? "")
    {
      do {
        return try candidate.entitlementKey(for: group)
      } catch {
        continue
      }
    }
    return EntitlementKey(group)
  }

  /// A run with the approvals that it used.
  private struct RunJSON: Encodable {
    let record: RunRecord
    let approvals: [Approval]

    private enum Key: String, CodingKey { case approvals }

    func encode(to encoder: any Encoder) throws {
      try record.encode(to: encoder)
      guard !approvals.isEmpty else { return }
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(approvals, forKey: .approvals)
    }
  }

  private func showRuns(_ ledger: any Ledger) async throws -> ExitStatus {
    var rows: [RunJSON] = []
    for run in try await ledger.runs(limit: limit) {
      rows.append(RunJSON(record: run, approvals: try await ledger.approvals(usedBy: run.id)))
    }
    if common.json {
      try Console.output(json: rows)
      return .done
    }
    for (run, approvals) in rows.map({ ($0.record, $0.approvals) }) {
      let end = run.summary.map {
        "exit \($0.exitCode): \($0.applied) applied, \($0.failed) not done, \($0.held) held"
      }
      let undone = run.undoes.map { " of \($0)" } ?? ""
      Console.output(
        visible("\(run.id)  \(run.command)\(undone) by \(run.actor)  \(end ?? "did not end")")
          + "\n")
      for approval in approvals { Console.output("  " + visible(Self.words(approval)) + "\n") }
    }
    return .done
  }

  private static func words(_ approval: Approval) -> String {
    "\(approval.digest) approved by \(approval.name)"
      + (approval.reason.isEmpty ? "" : ": \(approval.reason)")
  }

  private func show(_ entries: [JournalEntry]) throws -> ExitStatus {
    if common.json {
      try Console.output(json: entries.map(JournalJSON.init))
      return .done
    }
    if entries.isEmpty { Console.note("nothing was changed yet, as far as this asks") }
    for entry in entries {
      let why =
        entry.change.ending?.description
        ?? entry.change.reason?.assignments.map(\.description).joined(separator: ", ") ?? ""
      let outcome = entry.outcome ?? "intended, outcome not known"
      Console.output(
        visible(
          "\(entry.intendedAt)  \(entry.target) \(entry.change.kind) "
            + "\(RunText.object(of: entry.change)): \(outcome)"
            + (entry.detail.map { " (\($0))" } ?? "") + "; \(why)"
            + (entry.approval.map { ", \(Self.words($0))" } ?? "") + "  [\(entry.run)]")
          + "\n")
    }
    return .done
  }
}

/// One row of `history --json`.
struct JournalJSON: Encodable {
  let run: String
  let target: String
  let intendedAt: Instant
  let settledAt: Instant?
  let outcome: String?
  let detail: String?
  let change: ChangeReport
  /// The digest of the plan that it was part of.
  let plan: String?
  /// The approval that let it pass its limits.
  let approval: Approval?

  init(_ entry: JournalEntry) {
    (run, target) = (entry.run.rawValue, entry.target.rawValue)
    (intendedAt, settledAt) = (entry.intendedAt, entry.settledAt)
    (outcome, detail) = (entry.outcome, entry.detail)
    change = ChangeReport(entry.change)
    (plan, approval) = (entry.plan, entry.approval)
  }
}
