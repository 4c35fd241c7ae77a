package import AccessModel

/// The rules a plan must pass before anything of it is written.
///
/// They count what only a reading, a mapping or a person says: `absent`, `unmapped` and `operator`
/// removals, and the disabling and deleting of accounts that follow from them, together with those of
/// the last `window`. `expired` and `revoked` are never counted and never delayed. What a rule catches is held
/// as a whole, before the first write; everything else passes.
package struct Limits: Equatable, Sendable {
  /// Fewer removals than this pass, unless they empty a group.
  package var minimum: Int
  /// More than this share of what was there is held.
  package var percent: Int
  /// More than this many are held whatever the share.
  package var absolute: Int
  /// How far back earlier removals count.
  package var window: Duration
  /// Whose approval counts.
  package var approval: ApprovalRule

  package static let standard = Limits(
    minimum: 3, percent: 10, absolute: 100, window: .seconds(86_400))

  package init(
    minimum: Int, percent: Int, absolute: Int, window: Duration, approval: ApprovalRule = .anyone
  ) {
    self.minimum = minimum
    self.percent = percent
    self.absolute = absolute
    self.window = window
    self.approval = approval
  }
}

/// Who may let pass what the limits hold.
package enum ApprovalRule: String, Sendable {
  case anyone
  /// Somebody else than who runs it, by the operating system's word.
  case otherPerson

  /// Whether an approval counts for a run of this person.
  package func admits(_ approval: Approval, for person: String?) -> Bool {
    switch self {
    case .anyone: true
    case .otherPerson: approval.person != nil && person != nil && approval.person != person
    }
  }
}

/// A limit not met.
package struct Violation: Hashable, Sendable {
  package enum Scope: Hashable, Comparable, Sendable {
    case source(SourceID)
    /// All memberships of the target.
    case target
    /// All accounts of the target that we look after.
    case accounts
    case group(EntitlementKey)
  }

  package enum Rule: Hashable, Sendable {
    case percent(Int)
    case absolute(Int)
    case emptiesGroup
    case emptiedSource
  }

  package let target: TargetID
  package let scope: Scope
  package let rule: Rule
  /// Removals counted, earlier ones in the window included.
  package let count: Int
  /// What the share is taken of.
  package let size: Int
}

/// A plan that may be applied. Only `Limits.approve` makes one, and nothing else is applied.
package struct ApprovedPlan: Sendable {
  /// The changes that passed, sorted; with the plan's holds, findings and notes.
  package let plan: Plan
  /// What the limits hold until it is approved, sorted.
  package let held: [Change]
  package let violations: [Violation]
  /// What an approval of `held` must name; `nil` if nothing is held.
  package let heldDigest: PlanDigest?
  /// The approval that let held changes pass.
  package let release: Approval?
  /// What passed and is not tried, because its target or its subject is in quarantine; sorted.
  package private(set) var setAside: [Change] = []

  fileprivate init(
    plan: Plan, held: [Change], violations: [Violation], release: Approval?
  ) {
    self.plan = plan
    self.held = held
    self.violations = violations
    self.release = release
    heldDigest = held.isEmpty ? nil : PlanDigest(target: plan.target, changes: held)
  }
}

extension ApprovedPlan {
  /// The same without what is set aside. It can only become less.
  package func settingAside(_ isSetAside: (Change) -> Bool) -> ApprovedPlan {
    var copy = ApprovedPlan(
      plan: plan.narrowed { !isSetAside($0) }, held: held, violations: violations,
      release: release)
    copy.setAside = plan.changes.filter(isSetAside)
    return copy
  }
}

extension Limits {
  /// Judges a plan. `recent` are the counted removals of the window before `now`, in all targets;
  /// `release` is an approval that someone gave, of use only if it names exactly what is held.
  ///
  /// Only changes that are `wanted` are in the result, but the whole plan is judged: a run narrowed to
  /// one subject after another passes no limit that a run for all of them does not.
  package func approve(
    _ plan: Plan, recent: Set<RecordedRemoval>, now: Instant, release: Approval? = nil,
    wanted: (Change) -> Bool = { _ in true }
  ) -> ApprovedPlan {
    let violations = violations(of: plan, recent: recent, now: now)
    let broken = Set(violations.map(\.scope))
    var held = plan.changes.filter { $0.limitScopes.contains { broken.contains($0) } }
    let subjects = Set(held.compactMap { $0.account?.subject })
    held += plan.changes.filter { change in
      guard let subject = change.account?.subject, subjects.contains(subject) else { return false }
      return change.isCounted && change.group == nil
    }
    held = Array(Set(held)).filter(wanted).sorted()
    let plan = plan.narrowed(to: wanted)
    if !held.isEmpty, let release,
      release.digest == PlanDigest(target: plan.target, changes: held).description
    {
      return ApprovedPlan(plan: plan, held: [], violations: [], release: release)
    }
    let isHeld = Set(held)
    return ApprovedPlan(
      plan: plan.narrowed { !isHeld.contains($0) }, held: held,
      violations: held.isEmpty ? [] : violations, release: nil)
  }

  private func violations(
    of plan: Plan, recent: Set<RecordedRemoval>, now: Instant
  ) -> [Violation] {
    let counted = plan.changes.filter(\.isCounted)
    // What was tried before and is planned again is one removal, not two.
    let again = Set(counted.map { RecordedRemoval($0, in: plan.target) })
    let earlier = recent.filter { $0.target == plan.target && !again.contains($0) }
    var result: [Violation] = []
    func judge(_ scope: Violation.Scope, new: Int, before: Int, size: Int) {
      guard new > 0 else { return }
      let (count, size) = (new + before, size + before)
      guard let rule = rule(count: count, size: size, scope: scope) else { return }
      result.append(
        Violation(target: plan.target, scope: scope, rule: rule, count: count, size: size))
    }
    // Memberships and accounts are counted apart: one leaver is one of each, not two.
    let members = counted.count { $0.group != nil }
    let membersBefore = earlier.count { $0.group != nil }
    judge(.target, new: members, before: membersBefore, size: plan.sizes.members)
    judge(
      .accounts, new: counted.count - members, before: earlier.count - membersBefore,
      size: plan.sizes.accounts)
    let (new, before) = (tally(counted.map(\.group)), tally(earlier.map(\.group)))
    for (group, count) in new.sorted(by: { $0.key < $1.key }) {
      judge(
        .group(group), new: count, before: before[group, default: 0],
        size: plan.sizes.membersOfGroup[group, default: 0])
    }
    for source in Set(counted.compactMap { $0.ending?.assignment?.source }).sorted() {
      result += violation(of: source, in: plan, counted, recent, now)
    }
    return result
  }

  /// Counts the assignments that a source lost: by this plan, by what was removed in any target within
  /// the window, and by its readings within the window. One assignment can be several removals.
  private func violation(
    of source: SourceID, in plan: Plan, _ counted: [Change], _ recent: Set<RecordedRemoval>,
    _ now: Instant
  ) -> [Violation] {
    let start = now.adding(.zero - window)
    let absences = plan.sizes.absencesOfSource[source, default: []]
    let ended = Set(counted.compactMap { $0.ending?.assignment }.filter { $0.source == source })
    var lost = ended
    lost.formUnion(recent.compactMap(\.assignment).filter { $0.source == source })
    lost.formUnion(absences.lazy.filter { $0.confirmed >= start }.map(\.reference))
    // The size still counts those that this very reading lacks for the first time.
    let over = Set(absences.lazy.filter(\.wasKnownOver).map(\.reference))
    let counting = ended.union(absences.map(\.reference)).subtracting(over)
    let size = plan.sizes.assignmentsOfSource[source, default: 0] + lost.subtracting(counting).count
    let rule =
      plan.sizes.emptiedSources.contains(source)
      ? .emptiedSource : rule(count: lost.count, size: size, scope: .source(source))
    return rule.map {
      [
        Violation(
          target: plan.target, scope: .source(source), rule: $0, count: lost.count, size: size)
      ]
    } ?? []
  }

  private func tally(_ groups: [EntitlementKey?]) -> [EntitlementKey: Int] {
    groups.reduce(into: [:]) { counts, group in
      if let group { counts[group, default: 0] += 1 }
    }
  }

  private func rule(count: Int, size: Int, scope: Violation.Scope) -> Violation.Rule? {
    if count > absolute { return .absolute(absolute) }
    if case .group = scope, size >= 3, count >= size { return .emptiesGroup }
    if count >= minimum, count * 100 > size * percent { return .percent(percent) }
    return nil
  }
}

extension Change {
  /// Whether the limits count it.
  fileprivate var isCounted: Bool { ending?.cause.isLimited ?? false }

  /// All that the limits count it in, and is held for: a leaver's memberships and account go together.
  fileprivate var limitScopes: [Violation.Scope] {
    guard isCounted else { return [] }
    let narrower = [
      group.map { Violation.Scope.group($0) }, ending?.assignment.map { .source($0.source) },
    ]
    return [.target, .accounts] + narrower.compactMap(\.self)
  }
}

extension Violation: CustomStringConvertible {
  /// Object, act, measured, limit; whoever prints it adds the way out.
  package var description: String {
    let object =
      switch scope {
      case .target, .accounts: "\(target)"
      case .group(let group): "\(target) \(group)"
      case .source(let source): "\(target), source \(source)"
      }
    let share = size > 0 ? " (\(count * 100 / size) %)" : ""
    switch (rule, scope) {
    case (.emptiedSource, _):
      return "\(object): it lists no assignment at all and had \(size)"
    case (.emptiesGroup, _):
      return "\(object): removing \(count) of \(size) members would empty the group"
    case (.percent(let limit), .source):
      return "\(object): \(count) of \(size) assignments are gone\(share), over \(limit) %"
    case (.percent(let limit), .group):
      return "\(object): removing \(count) of \(size) members\(share) exceeds \(limit) %"
    case (.percent(let limit), .target):
      return "\(object): removing \(count) of \(size) memberships\(share) exceeds \(limit) %"
    case (.percent(let limit), .accounts):
      return "\(object): disabling \(count) of \(size) accounts\(share) exceeds \(limit) %"
    case (.absolute(let limit), _):
      return "\(object): \(count) removals exceed \(limit)"
    }
  }
}
