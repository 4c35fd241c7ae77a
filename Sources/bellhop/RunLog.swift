import AccessModel
import LedgerStore
import Legibility
import Logging
import Planning
import Reconciling
import Synchronization

/// What the loop's runs tell in its log: what was done, always; what is wrong, when it begins, once an
/// hour while it lasts, and when it is over.
final class RunLog: Sendable {
  /// How often what goes on is told again.
  private static let reminder = Duration.seconds(3_600)
  private static let failuresTold = 20

  /// What a run looks at as a whole, or not at all.
  private enum Scope: Hashable {
    case everything, requests
    case target(TargetID)
  }

  private struct Topic: Hashable {
    let scope: Scope
    /// Without its digits: ages and counts grow while nothing else changes.
    let words: String

    init(_ scope: Scope, _ line: String) {
      self.scope = scope
      words = line.filter { !$0.isNumber }
    }
  }

  private struct Trouble {
    let line: String
    let since: Instant
    var told: Instant
  }

  private struct State {
    var troubles: [Topic: Trouble] = [:]
    var exitCode: Int32?
    var runs = 0
    /// When a line was last written of a run that did nothing.
    var told: Instant?
  }

  private let logger: Logger
  private let state = Mutex(State())

  init(_ logger: Logger) { self.logger = logger }

  func tell(_ report: RunReport, _ head: JournalHead?) {
    let now = report.context.now
    let text = RunText(report)
    tell(text.remarks(of: report.sources) + text.waiting, of: .everything, at: now)
    for target in report.targets {
      tell(
        text.remarks(of: target) + failures(of: target) + heldLines(of: target),
        of: .target(target.target), at: now)
    }
    tellRun(report, head, at: now)
    for target in report.late + report.targets { tellDone(target) }
  }

  func tell(_ answers: [CallbackDesk.Answer], at now: Instant) {
    for answer in answers where answer.isAnswered { logger.info("\(answer)") }
    tell(answers.filter { !$0.isAnswered }.map { "\($0)" }, of: .requests, at: now)
  }

  /// One line for a run that did something, ended otherwise than the one before, or is the first in an
  /// hour.
  private func tellRun(_ report: RunReport, _ head: JournalHead?, at now: Instant) {
    let summary = report.summary(exitCode: ExitStatus(report.verdict).rawValue)
    let runs: Int? = state.withLock { state in
      state.runs += 1
      let isDue = state.told.map { now.since($0) >= Self.reminder } ?? true
      guard summary.applied > 0 || state.exitCode != summary.exitCode || isDue else { return nil }
      defer { state.runs = 0 }
      (state.exitCode, state.told) = (summary.exitCode, now)
      return state.runs
    }
    guard let runs else { return }
    logger.log(
      level: summary.exitCode != 0 ? .warning : .info, "run",
      metadata: [
        "run": "\(report.context.run)", "exit": "\(summary.exitCode)",
        "applied": "\(summary.applied)", "failed": "\(summary.failed)",
        "held": "\(summary.held)", "runs": "\(runs)",
        "next": "\(report.nextBoundary?.description ?? "-")",
        "journal": "\(head?.description ?? "-")",
      ])
  }

  private func tellDone(_ target: TargetReport) {
    for (change, outcome) in target.outcomes where outcome.isDone {
      logger.info(
        "\(target.target) \(change.kind)",
        metadata: [
          "object": "\(visible(RunText.object(of: change)))",
          "because": "\(visible(Self.why(change)))",
        ])
    }
  }

  private func failures(of target: TargetReport) -> [String] {
    let failures = target.outcomes.filter { !$0.outcome.isDone }
    let lines = failures.prefix(Self.failuresTold).map { change, outcome in
      visible(
        "\(target.target) \(change.kind) \(RunText.object(of: change)): \(outcome.word), "
          + (outcome.detail ?? "no reason given"))
    }
    let more = failures.count - lines.count
    return lines + (more > 0 ? ["\(target.target): and \(more) more not done"] : [])
  }

  private func heldLines(of target: TargetReport) -> [String] {
    guard let approved = target.approved, let digest = approved.heldDigest else { return [] }
    return approved.violations.map { "\($0)" }
      + ["\(target.target): held until 'bellhop approve \(digest)'"]
  }

  private func tell(_ lines: [String], of scope: Scope, at now: Instant) {
    let current = Dictionary(
      lines.map { (Topic(scope, $0), $0) }, uniquingKeysWith: { first, _ in first })
    let (over, news) = state.withLock { state in
      let over = state.troubles.filter { $0.key.scope == scope && current[$0.key] == nil }
      for topic in over.keys { state.troubles[topic] = nil }
      var news: [String] = []
      for (topic, line) in current {
        if let trouble = state.troubles[topic] {
          guard now.since(trouble.told) >= Self.reminder else { continue }
          state.troubles[topic]?.told = now
          news.append("\(line) (since \(trouble.since))")
        } else {
          state.troubles[topic] = Trouble(line: line, since: now, told: now)
          news.append(line)
        }
      }
      return (over.values.map { "no more: \($0.line) (since \($0.since))" }, news)
    }
    for line in over.sorted() { logger.notice("\(line)") }
    for line in news.sorted() { logger.warning("\(line)") }
  }

  private static func why(_ change: Change) -> String {
    if let ending = change.ending { return ending.description }
    return change.reason?.assignments.map(\.description).joined(separator: ", ") ?? ""
  }
}
