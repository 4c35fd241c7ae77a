import AccessModel
import Mapping
import Planning

/// Whether the access of a waiting request is as the request wants it, by a plan made from a fresh
/// reading: it is if the plan has nothing left to do for it and nothing is held.
enum CallbackFinding: Equatable {
  /// With what was done, in words.
  case inPlace(String)
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
      if let obstacle = Self.obstacle(
        at: report.targets.first { $0.target == target }, of: holder.subject, groups, reference)
      {
        self = .lacking(reason: "\(target): \(obstacle)")
        return
      }
    }
    let places = entitlements.map { entitlement in
      "\(entitlement.target)" + (entitlement.group.map { " \($0)" } ?? "")
    }
    let verb = request.stage == .granted ? "provisioned" : "removed"
    self = .inPlace("\(verb): \(places.joined(separator: "; "))")
  }

  private static func obstacle(
    at report: TargetReport?, of subject: SubjectID, _ groups: Set<EntitlementKey>,
    _ reference: AssignmentReference
  ) -> String? {
    guard let report else { return "was not looked at" }
    if let failure = report.failure { return "\(failure)" }
    guard let approved = report.approved else { return "was not planned" }
    let changes = approved.plan.changes + approved.held + approved.setAside
    let left = changes.first { change in
      guard change.account?.subject == subject else {
        if case .createGroup(let key, _) = change { return groups.contains(key) }
        return false
      }
      return change.group.map(groups.contains) ?? (change.ending == nil)
        || change.ending?.assignment == reference
    }
    if let left { return "\(left.kind)" + (left.group.map { " \($0)" } ?? "") + " is not done" }
    return approved.plan.holds.first { hold in
      hold.subject == subject || hold.subject == nil && (hold.group.map(groups.contains) ?? true)
    }?.reason
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
