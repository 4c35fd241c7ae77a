import AccessModel
import Mapping
import Planning

/// Whether the access of a waiting request is as the request wants it, by a run or a plan, made from a
/// fresh reading: it is if there was nothing to do for it and nothing is held.
enum CallbackFinding: Equatable {
  /// With what was done, in words.
  case inPlace(String)
  /// It was written and not read since.
  case unconfirmed
  case lacking(reason: String)

  init(of request: WaitingRequest, in report: RunReport, _ mapping: MappingSet) {
    let reference = request.reference
    guard let holder = Holder(of: reference, in: report) else {
      self = .lacking(reason: "assignment \(request.assignment) is not in the reading")
      return
    }
    switch (request.stage, report.book.standing(of: reference)) {
    case (.granted, .live), (.removed, .over): break
    case (_, .held(let reason)):
      self = .lacking(reason: reason)
      return
    case (_, .live), (_, .over), (_, .notYet):
      self = .lacking(reason: "assignment \(request.assignment) is not in force as requested")
      return
    }
    let entitlements = mapping.rules(for: holder.package).flatMap(\.entitlements)
    guard !entitlements.isEmpty else {
      self = .lacking(reason: "no mapping names access package '\(holder.package.name)'")
      return
    }
    for target in Set(entitlements.map(\.target)).sorted() {
      let groups = Set(entitlements.filter { $0.target == target }.compactMap(\.group))
      switch Self.obstacle(
        at: report.targets.first { $0.target == target }, of: holder.subject, groups, reference)
      {
      case nil: break
      case .written:
        self = .unconfirmed
        return
      case .lasting(let words):
        self = .lacking(reason: "\(target): \(words)")
        return
      }
    }
    let places = entitlements.map { entitlement in
      "\(entitlement.target)" + (entitlement.group.map { " \($0)" } ?? "")
    }
    let verb = request.stage == .granted ? "provisioned" : "removed"
    self = .inPlace("\(verb): \(places.joined(separator: "; "))")
  }

  private enum Obstacle {
    case written
    case lasting(String)
  }

  private static func obstacle(
    at report: TargetReport?, of subject: SubjectID, _ groups: Set<EntitlementKey>,
    _ reference: AssignmentReference
  ) -> Obstacle? {
    guard let report else { return .lasting("was not looked at") }
    if let failure = report.failure { return .lasting("\(failure)") }
    guard let approved = report.approved else { return .lasting("was not planned") }
    func concerns(_ change: Change) -> Bool {
      guard change.account?.subject == subject else {
        if case .createGroup(let key, _) = change { return groups.contains(key) }
        return false
      }
      return change.group.map(groups.contains) ?? (change.ending == nil)
        || change.ending?.assignment == reference
    }
    let planned = approved.plan.changes.filter(concerns)
    let outcomes = report.outcomes.filter { concerns($0.change) }
    let done = outcomes.count { $0.outcome.isDone }
    let left = planned.count == done ? nil : outcomes.first { !$0.outcome.isDone }?.change
    let waiting = planned.count == done ? nil : planned.first
    if let left = left ?? waiting ?? (approved.held + approved.setAside).first(where: concerns) {
      return .lasting("\(left.kind)" + (left.group.map { " \($0)" } ?? "") + " is not done")
    }
    let hold = approved.plan.holds.first { hold in
      hold.subject == subject || hold.subject == nil && (hold.group.map(groups.contains) ?? true)
    }
    return hold.map { .lasting($0.reason) } ?? (done > 0 ? .written : nil)
  }
}

/// Whom a request is for, and what.
private struct Holder {
  let subject: SubjectID
  let package: AccessPackage

  init?(of reference: AssignmentReference, in report: RunReport) {
    guard
      let reading = report.book.sources.first(where: { $0.source == reference.source })?.live?
        .reading,
      let assignment = reading.assignments.first(where: { $0.id == reference.id })
    else { return nil }
    subject = reading.subjects[Int(assignment.subject)].id
    package = reading.packages[Int(assignment.package)]
  }
}

extension Entitlement {
  fileprivate var group: EntitlementKey? {
    if case .group(let key) = object { key } else { nil }
  }
}
