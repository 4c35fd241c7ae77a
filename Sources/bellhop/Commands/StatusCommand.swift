import AccessModel
import ArgumentParser
import LedgerStore
import Legibility
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
  /// Where the journal's chain ends.
  let journal: JournalHead?
  /// Whether the room that is kept for removals on a full disk is there.
  let hasReserve: Bool
  let sources: [Source]
  let targets: [Target]
  /// Only while the machine's clock is in doubt, as far as it can tell by itself.
  let clock: RunJSON.ClockJSON?
  /// Removals that are due and not done.
  let waiting: [RunJSON.WaitingJSON]
  /// What is set aside.
  let quarantine: [RunJSON.QuarantineJSON]
  /// The next ten ends.
  let endings: [Ending]

  /// What must not be overlooked, in words.
  private var shouts: [String] = []

  private enum CodingKeys: CodingKey {
    case version, now, lastRun, sources, targets, clock, waiting, quarantine, endings
  }

  init(_ ledger: any Ledger, _ workspace: Workspace) async throws(LedgerError) {
    let now: Instant
    switch ClockJudgement(.machine(), history: try await ledger.clockHistory()) {
    case .sound(let instant, _): (now, clock) = (instant, nil)
    case .doubtful(let doubt):
      (now, clock) = (doubt.since, RunJSON.ClockJSON(doubt))
      shouts.append(
        "\(doubt.reason); the next run asks the servers for the time, and decides for \(now) until "
          + "one agrees. If the clock is right and none can tell: "
          + "bellhop release --clock --reason TEXT")
    }
    self.now = now
    let waiting = Waiting.summary(of: try await ledger.pendingRemovals(), now: now)
    self.waiting = waiting.map(RunJSON.WaitingJSON.init)
    let quarantined = try await ledger.troubles().filter { $0.quarantinedAt != nil }
    quarantine = quarantined.map(RunJSON.QuarantineJSON.init)
    shouts += waiting.map(\.description) + quarantined.map(\.advice)
    lastRun = try await ledger.runs(limit: 1).first
    journal = try await ledger.journalHead()
    hasReserve = workspace.hasReserve
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
    var lines = shouts.map { "!          \($0)" }
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
    if lastRun != nil, !hasReserve {
      lines.append(
        "disk       FULL: the reserve was given up, and only what ends access is done; free some "
          + "space and run 'bellhop apply'")
    }
    if let journal {
      lines.append("journal    \(journal.record) records, ends with \(journal.code)")
    }
    for source in sources {
      lines.append(
        "source     \(source.source): assignments that are not over: \(source.assignments)"
          + (source.missing > 0 ? ", missing from the last reading: \(source.missing)" : ""))
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
