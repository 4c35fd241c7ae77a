import AccessModel
import ArgumentParser
import LedgerStore
import Planning

struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show the last run, what waits, and what ends next; needs no network.")

  @OptionGroup var common: CommonOptions

  func run() async throws {
    try await finish {
      let workspace = try Workspace.load(common, secrets: .standIns)
      let ledger = try workspace.ledger(readOnly: true)
      let status = try await Status(ledger, workspace)
      if common.json {
        try Console.output(json: status)
      } else {
        Console.output(status.text)
      }
      return .done
    }
  }
}

/// What the ledger says of now.
private struct Status: Encodable {
  struct Source: Encodable {
    let source: String
    let assignments: Int
    let missing: Int
  }

  struct Target: Encodable {
    let target: String
    let accounts: Int
    let disabledAccounts: Int
    let memberships: Int
    let preExistingMemberships: Int
  }

  struct Ending: Encodable {
    let assignment: String
    let subject: String
    let package: String
    let end: Instant
  }

  let version = 1
  let now: Instant
  let lastRun: RunRecord?
  let sources: [Source]
  let targets: [Target]
  /// The next ten ends.
  let endings: [Ending]

  init(_ ledger: any Ledger, _ workspace: Workspace) async throws(LedgerError) {
    let now = try await RunRecorder.effectiveNow(.wallClock, ledger)
    self.now = now
    lastRun = try await ledger.runs(limit: 1).first
    var sources: [Source] = []
    var open: [KnownAssignment] = []
    for source in workspace.sources {
      let known = try await ledger.knownAssignments(of: source.id).filter { $0.ending == nil }
      sources.append(
        Source(
          source: source.id.rawValue, assignments: known.count,
          missing: known.count { $0.missingSince != nil }))
      open += known
    }
    self.sources = sources
    endings = open.compactMap { known in
      known.validity.end.map {
        Ending(
          assignment: known.reference.description, subject: known.subject.rawValue,
          package: known.package, end: $0)
      }
    }
    .filter { $0.end > now }
    .sorted { ($0.end, $0.assignment) < ($1.end, $1.assignment) }
    .prefix(10).map { $0 }
    var targets: [Target] = []
    for target in workspace.targets {
      let owned = try await ledger.ownership(of: target.id)
      let preExisting = owned.origins.count { $0 == .preExisting }
      targets.append(
        Target(
          target: target.id.rawValue, accounts: owned.accounts.count,
          disabledAccounts: owned.accounts.count { $0.disabledAt != nil },
          memberships: owned.memberships.count - preExisting,
          preExistingMemberships: preExisting))
    }
    self.targets = targets
  }

  var text: String {
    var lines: [String] = []
    if let run = lastRun {
      lines.append("last run   \(run.id), \(run.command) by \(run.actor)")
      if let summary = run.summary {
        lines.append(
          "           exit \(summary.exitCode): \(summary.applied) applied, "
            + "\(summary.failed) not done, \(summary.held) held")
        lines += summary.messages.map { "           ! \($0)" }
      } else {
        lines.append("           did not end; the next run settles what it left open")
      }
    } else {
      lines.append("last run   none yet")
    }
    for source in sources {
      lines.append(
        "source     \(source.source): \(source.assignments) assignments not over"
          + (source.missing > 0 ? ", \(source.missing) missing from the last reading" : ""))
    }
    for target in targets {
      lines.append(
        "target     \(target.target): \(target.accounts) accounts (\(target.disabledAccounts) "
          + "disabled), \(target.memberships) memberships of ours, "
          + "\(target.preExistingMemberships) pre-existing")
    }
    for ending in endings {
      lines.append(
        "ends       \(ending.end)  \(ending.subject), \(ending.package), \(ending.assignment)")
    }
    return lines.map { visible($0) + "\n" }.joined()
  }
}
