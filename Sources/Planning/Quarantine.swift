package import AccessModel

/// What is set aside in one target: read and reported, not written, until somebody releases it.
///
/// Removals that are `expired` or `revoked` are tried all the same: nobody keeps access because
/// something else fails.
package struct Quarantine: Sendable {
  /// So many runs in a row, over at least so long, set a thing aside.
  package static let failures = 5
  package static let shortest = Duration.seconds(3_600)

  private let isWhole: Bool
  private let subjects: Set<SubjectID>

  package init(_ troubles: [Trouble]) {
    let set = troubles.filter { $0.quarantinedAt != nil }
    isWhole = set.contains { $0.subject == nil }
    subjects = Set(set.compactMap(\.subject))
  }

  package func sets(aside change: Change) -> Bool {
    if let ending = change.ending, ending.cause.standsAlone { return false }
    guard !isWhole else { return true }
    return change.account?.subject.map { subjects.contains($0) } ?? false
  }
}

extension Quarantine {
  /// What a run that read the target makes of its troubles.
  ///
  /// A target fails when it stops a run, or refuses all of three writes or more. A subject fails when a
  /// change to its account is refused; a membership is not counted, because it may be the group that
  /// refuses. A target that is merely down has not failed.
  package static func troubles(
    before: [Trouble], target: TargetID, outcomes: [(change: Change, outcome: Outcome)],
    setAside: [Change], at now: Instant
  ) -> [Trouble] {
    var result: [Trouble] = []
    let known = Dictionary(
      before.filter { $0.target == target }.map { ($0.subject, $0) },
      uniquingKeysWith: { first, _ in first })
    func fail(_ subject: SubjectID?, _ reason: String) {
      result.append(
        next(after: known[subject], target: target, subject: subject, reason: reason, at: now))
    }

    if let reason = targetFailure(outcomes) {
      fail(nil, reason)
    } else if let trouble = known[nil],
      trouble.quarantinedAt != nil || !outcomes.contains(where: \.outcome.isDone)
    {
      result.append(trouble)
    }
    let failed = accountFailures(outcomes)
    for (subject, reason) in failed.sorted(by: { $0.key < $1.key }) { fail(subject, reason) }
    let untried = Set(setAside.compactMap { $0.account?.subject })
    for case (let subject?, let trouble) in known where failed[subject] == nil {
      // A stopped target says nothing of a subject it was not asked about.
      let isTried = outcomes.contains { $0.change.account?.subject == subject }
      let isUnknown = targetFailure(outcomes) != nil && !isTried
      if trouble.quarantinedAt != nil || untried.contains(subject) || isUnknown {
        result.append(trouble)
      }
    }
    return result.sorted { ($0.subject ?? "") < ($1.subject ?? "") }
  }

  private static func targetFailure(
    _ outcomes: [(change: Change, outcome: Outcome)]
  ) -> String? {
    for (_, outcome) in outcomes {
      if case .failed(.stopTarget, let reason) = outcome { return reason }
    }
    let refusals = outcomes.compactMap { row -> String? in
      if case .refused(let reason) = row.outcome { reason } else { nil }
    }
    return refusals.count >= 3 && refusals.count == outcomes.count ? refusals[0] : nil
  }

  private static func accountFailures(
    _ outcomes: [(change: Change, outcome: Outcome)]
  ) -> [SubjectID: String] {
    var failures: [SubjectID: String] = [:]
    for (change, outcome) in outcomes where change.group == nil {
      guard let subject = change.account?.subject else { continue }
      switch outcome {
      case .refused(let reason), .failed(.skipChange, let reason): failures[subject] = reason
      case .applied, .alreadyInState, .failed, .unknown: break
      }
    }
    return failures
  }

  private static func next(
    after trouble: Trouble?, target: TargetID, subject: SubjectID?, reason: String, at now: Instant
  ) -> Trouble {
    let failures = (trouble?.failures ?? 0) + 1
    let first = trouble?.firstAt ?? now
    let isEnough = failures >= Self.failures && now.since(first) >= shortest
    return Trouble(
      target: target, subject: subject, failures: failures, firstAt: first, lastAt: now,
      quarantinedAt: trouble?.quarantinedAt ?? (isEnough ? now : nil), reason: reason)
  }
}

extension Trouble {
  /// `corp`; `corp, subject 3f9c`.
  package var name: String { subject.map { "\(target), subject \($0)" } ?? "\(target)" }

  /// What is to be done about it, for one that is set aside.
  package var advice: String {
    let words = subject.map { "\(target) --subject \($0)" } ?? "\(target)"
    return
      "\(name): set aside since \(quarantinedAt ?? lastAt) after \(failures) runs that failed, "
      + "the last with: \(reason). It is read and reported, not written, but for what has expired or "
      + "was revoked; mend it, then 'bellhop release \(words) --reason TEXT'"
  }
}
