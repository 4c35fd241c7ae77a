package import AccessModel
import Legibility

/// A plan for programs: the stable shape that `plan --json` prints, documented in docs/commands.md.
package struct PlanReport: Encodable, Sendable {
  package let target: String
  /// Names `changes`.
  package let digest: String
  package let changes: [ChangeReport]
  package let heldByLimits: HeldReport?
  /// What its target's or its subject's quarantine leaves out; missing where there is none.
  package let setAside: [ChangeReport]?
  package let holds: [Hold]
  package let findings: [FindingReport]

  package init(_ approved: ApprovedPlan) {
    let plan = approved.plan
    target = plan.target.rawValue
    digest = PlanDigest(target: plan.target, changes: plan.changes).description
    changes = plan.changes.map(ChangeReport.init)
    heldByLimits = approved.heldDigest.map {
      HeldReport(
        digest: $0.description, violations: approved.violations.map(\.description),
        changes: approved.held.map(ChangeReport.init))
    }
    setAside = approved.setAside.isEmpty ? nil : approved.setAside.map(ChangeReport.init)
    holds = plan.holds
    findings = plan.findings.map(FindingReport.init)
  }

  package struct HeldReport: Encodable, Sendable {
    package let digest: String
    package let violations: [String]
    package let changes: [ChangeReport]
  }
}

/// One change, flat. Members that do not apply are left out.
package struct ChangeReport: Codable, Equatable, Sendable {
  package let kind: String
  package let group: String?
  package let subject: String?
  package let displayName: String?
  package let account: String?
  package let attributes: [AttributeChange]?
  /// For additions: the live assignments, `source/id`.
  package let because: [String]?
  package let repairsDrift: Bool?
  /// For removals.
  package let cause: String?
  package let evidence: String?

  package init(_ change: Change) {
    kind = change.kind
    group = change.group?.rawValue
    subject = change.account?.subject?.rawValue
    displayName = change.account?.displayName
    account = change.account?.identity?.key.rawValue
    attributes = change.attributeChanges.isEmpty ? nil : change.attributeChanges
    because = change.reason?.assignments.map(\.description)
    repairsDrift = change.reason?.repairsDrift
    cause = change.ending?.cause.rawValue
    evidence = change.ending?.description
  }
}

extension ChangeReport: CustomStringConvertible {
  /// One line for people: what, whom, where and why.
  package var description: String {
    let who = displayName.map { name in subject.map { "\(name) (\($0))" } ?? name }
    let whom = who ?? subject ?? account
    let why = evidence ?? because?.joined(separator: ", ") ?? ""
    let names = attributes.map { " (" + $0.map(\.name).joined(separator: ", ") + ")" } ?? ""
    let object = [whom, group.map { "in \($0)" }].compactMap(\.self).joined(separator: " ")
    return visible("\(kind) \(object)\(names): \(why)")
  }
}

/// One finding, flat.
package struct FindingReport: Encodable, Sendable {
  package let kind: String
  package let group: String?
  package let subject: String?
  package let account: String?
  package let count: Int?
  package let accounts: [String]?
  package let detail: String?

  package init(_ finding: Finding) {
    var (group, subject, account): (String?, String?, String?)
    var (count, accounts, detail): (Int?, [String]?, String?)
    switch finding {
    case .drift(let what, let key, let id):
      (kind, group, subject, detail) = ("drift", key?.rawValue, id.rawValue, what)
    case .returned(let what, let key, let id):
      (kind, group, subject, detail) = ("returned", key?.rawValue, id.rawValue, what)
    case .addedAgain(let what, let key, let id):
      (kind, group, subject, detail) = ("addedAgain", key.rawValue, id.rawValue, what)
    case .foreignMembers(let key, let number, let first):
      (kind, group, count, accounts) = ("foreign", key.rawValue, number, first.map(\.rawValue))
    case .preExistingMembers(let key, let number):
      (kind, group, count) = ("preExisting", key.rawValue, number)
    case .orphan(let key, let id, let what):
      (kind, account, subject, detail) = ("orphan", key.rawValue, id.rawValue, what)
    case .notice(let what): (kind, detail) = ("notice", what)
    }
    (self.group, self.subject, self.account) = (group, subject, account)
    (self.count, self.accounts, self.detail) = (count, accounts, detail)
  }
}
