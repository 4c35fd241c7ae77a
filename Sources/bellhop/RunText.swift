import AccessModel
import Legibility
import Planning
import Reconciling

/// What a run tells people.
struct RunText {
  let report: RunReport
  private let plan: PlanText

  /// `showsAll` shows every line of long sections.
  init(_ report: RunReport, showsAll: Bool = false) {
    self.report = report
    plan = PlanText(linesPerSection: showsAll ? nil : 40) { report.book.packageName(of: $0) }
  }

  /// Sources that were not read to their end, packages nobody mapped. For standard error.
  var remarks: [String] {
    remarks(of: report.sources) + report.targets.flatMap(remarks) + waiting
  }

  /// What concerns no target alone.
  func remarks(of sources: [SourceBook]) -> [String] {
    var lines = [report.shortage, report.doubt].compactMap { $0.map(visible) }
    for source in sources {
      if let error = source.error {
        lines.append(visible("\(error); what it granted is kept as it is, ends are still enforced"))
      } else if case .partial(let reason) = source.coverage {
        lines.append(visible("\(source.source): read in part: \(reason)"))
      }
      lines += source.remarks.map { visible("\(source.source): \($0)") }
      lines += source.undecodable.prefix(20).map { visible("\(source.source): held: \($0)") }
      if source.undecodable.count > 20 {
        lines.append("\(source.source): and \(source.undecodable.count - 20) more held records")
      }
    }
    for package in report.unmappedPackages {
      lines.append(visible("access package '\(package.name)' is assigned, and no mapping names it"))
    }
    return lines + report.retired.map { visible($0.description) }
  }

  func remarks(of target: TargetReport) -> [String] {
    var lines: [String] = []
    if let failure = target.failure { lines.append(visible("\(target.target): \(failure)")) }
    lines += target.remarks.map(visible)
    return lines + target.quarantined.map { visible($0.advice) }
  }

  var waiting: [String] { report.waiting.map { visible($0.description) } }

  /// What to type so that what the limits hold may pass. For standard error.
  func approvals(_ configuration: String?, then command: String = "apply") -> [String] {
    report.targets.compactMap { target in
      target.approved?.heldDigest.map { digest in
        let option = configuration.map { " --config \($0)" } ?? ""
        return
          "\(target.target): \(target.approved?.held.count ?? 0) held by limits. To let exactly "
          + "these pass, once, within 24 hours:\n"
          + "  bellhop approve\(option) \(digest) --reason 'WHY'   and then   bellhop \(command)\(option)"
      }
    }
  }

  /// Of an undo: what is not taken back. For standard output.
  var kept: String {
    report.targets.filter { !$0.kept.isEmpty }.map { target in
      let rows = target.kept.map { kept in
        visible("    \(kept.isSettled ? "=" : "!") \(ChangeReport(kept.change)): \(kept.reason)")
      }
      let shown = plan.linesPerSection.map { rows.prefix($0) } ?? rows[...]
      let more = rows.count - shown.count
      return
        (["", "  \(target.target): not taken back"] + shown
        + (more > 0 ? ["    … and \(more) more; --all shows them"] : []))
        .joined(separator: "\n") + "\n"
    }.joined()
  }

  /// The plans, one after the other. For standard output.
  var plans: String {
    report.targets.compactMap { target in
      target.approved.map { plan.render($0, notes: Self.refusals(target)) }
    }.joined(separator: "\n")
  }

  /// What the target would refuse, beside the changes.
  private static func refusals(_ target: TargetReport) -> [Change: String] {
    Dictionary(
      (target.serverCheck?.refusals ?? []).map { refusal in
        let wayOut = refusal.wayOut.map { "; \($0)" } ?? ""
        return (refusal.change, "the server would refuse it: \(refusal.reason)\(wayOut)")
      }, uniquingKeysWith: { first, _ in first })
  }

  /// What each target says of its changes, in numbers. For standard error.
  var serverChecks: [String] {
    report.targets.flatMap { target -> [String] in
      guard let check = target.serverCheck, !check.rows.isEmpty else { return [] }
      let counts = [
        (check.accepted, "would be taken"), (check.refusals.count, "would be refused"),
        (check.unasked.reduce(0) { $0 + $1.changes.count }, "not asked"),
      ]
      let summary = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
      return [visible("\(target.target): asked its server: \(summary)")]
        + [check.alarm].compactMap { $0 }.map { visible("\(target.target): \($0)") }
        + check.unasked.map {
          visible("\(target.target): not asked of \($0.changes.count) change(s): \($0.reason)")
        }
    }
  }

  /// What became of each target's changes. For standard output.
  var outcomes: String {
    report.late.map { "before, " + outcome($0) }.joined() + report.targets.map(outcome).joined()
  }

  private func outcome(_ target: TargetReport) -> String {
    guard let approved = target.approved, target.failure == nil else {
      return "\(target.target): nothing written\n"
    }
    guard !approved.plan.changes.isEmpty else { return "" }
    let held = approved.held.count + approved.plan.holds.count
    let skipped = approved.plan.changes.count - target.outcomes.count
    let counts = [
      (target.applied, "applied"), (target.failed, "not done"), (skipped, "left for the next run"),
      (held, "held"),
    ]
    var text = "\(target.target): "
    text += counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ") + "\n"
    let problems = Self.gathered(target.outcomes.filter { !$0.outcome.isDone })
    for (change, outcome, more) in problems.prefix(20) {
      let object = "\(change.kind) \(Self.object(of: change))"
      text += visible(
        "  ! \(object)\(more > 0 ? " and \(more) more" : ""): \(outcome.word), "
          + (outcome.detail ?? "no reason given"))
      text += "\n"
    }
    if problems.count > 20 { text += "  ! and \(problems.count - 20) more; --json lists them\n" }
    return text
  }

  /// One line for all that share an outcome, from the fourth on: what stops a target is told once.
  private static func gathered(
    _ problems: [(change: Change, outcome: Outcome)]
  ) -> [(change: Change, outcome: Outcome, more: Int)] {
    let groups = Dictionary(grouping: problems.indices) { position in
      problems[position].outcome.word + (problems[position].outcome.detail ?? "")
    }
    return groups.values.flatMap { group in
      group.count > 3
        ? [(problems[group[0]], group[0], group.count - 1)] : group.map { (problems[$0], $0, 0) }
    }
    .sorted { $0.1 < $1.1 }.map { ($0.0.change, $0.0.outcome, $0.2) }
  }

  static func object(of change: Change) -> String {
    let account = change.account.map { account in
      account.displayName ?? account.subject?.rawValue ?? account.identity?.key.rawValue ?? "?"
    }
    return [account, change.group.map { "in \($0)" }].compactMap { $0 }.joined(separator: " ")
  }
}
