import AccessModel
import Legibility

/// How changes, holds and findings are put into words.
struct PlanWords {
  struct Row {
    let sign: Character
    let name: String
    let rest: String
    /// What is wrong with it, on lines of its own.
    var note: String? = nil
  }

  private let naturalKeyAttribute: String
  private let packageName: (AssignmentReference) -> String?
  private let notes: [Change: String]
  /// Names that several subjects of the plan share: these are shown with their ids.
  private let ambiguousNames: Set<String>

  init(
    _ approved: ApprovedPlan, notes: [Change: String],
    packageName: @escaping (AssignmentReference) -> String?
  ) {
    naturalKeyAttribute = approved.plan.naturalKeyAttribute
    self.notes = notes
    self.packageName = packageName
    var subjects: [String: SubjectID?] = [:]
    var ambiguous: Set<String> = []
    for account in (approved.plan.changes + approved.held + approved.setAside).compactMap(\.account)
    {
      guard let name = account.displayName else { continue }
      if let other = subjects.updateValue(account.subject, forKey: name), other != account.subject {
        ambiguous.insert(name)
      }
    }
    ambiguousNames = ambiguous
  }

  func row(_ change: Change) -> Row {
    var row = plainRow(change)
    row.note = notes[change].map(visible)
    return row
  }

  private func plainRow(_ change: Change) -> Row {
    switch change {
    case .createAccount(let account, let attributes, let reason):
      Row(sign: "+", name: name(account), rest: "create\(key(attributes)); \(because(reason))")
    case .updateAccount(let account, let attributes, let reason):
      Row(sign: "~", name: name(account), rest: "\(settings(attributes)); \(because(reason))")
    case .enableAccount(let account, _, let attributes, let reason):
      Row(
        sign: "~", name: name(account),
        rest: (attributes.isEmpty ? "enable" : "enable, \(settings(attributes))")
          + "; \(because(reason))")
    case .disableAccount(let account, _, let ending):
      Row(sign: "-", name: name(account), rest: "disable; \(words(ending))")
    case .deleteAccount(let account, let ending):
      Row(sign: "-", name: name(account), rest: "delete; \(words(ending))")
    case .createGroup(_, let reason):
      Row(sign: "+", name: "the group itself", rest: because(reason))
    case .addMember(let membership, let reason):
      Row(sign: "+", name: name(membership.account), rest: because(reason))
    case .removeMember(let membership, let ending):
      Row(sign: "-", name: name(membership.account), rest: words(ending))
    }
  }

  func heldRow(_ change: Change) -> Row {
    let row = row(change)
    guard let group = change.group else { return row }
    return Row(sign: row.sign, name: row.name, rest: "\(visible(group.rawValue)): \(row.rest)")
  }

  func row(_ hold: Hold) -> Row {
    let names = [hold.group?.rawValue, hold.subject?.rawValue].compactMap { $0 }
    return Row(
      sign: "=", name: visible(names.joined(separator: ", ")), rest: visible(hold.reason))
  }

  func row(of holds: [Hold], source: String) -> Row {
    let memberships = holds.count { $0.group != nil }
    let counts = [(memberships, "membership(s)"), (holds.count - memberships, "account(s)")]
      .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    return Row(
      sign: "=", name: visible(source),
      rest: "was not read: \(counts) wait for it; --all shows them")
  }

  func row(_ finding: Finding) -> Row {
    switch finding {
    case .drift(let what, let group, let subject):
      Row(
        sign: "!", name: visible(group?.rawValue ?? subject.rawValue),
        rest: visible("drift: \(what) by someone else, \(subject)"))
    case .returned(let what, let group, let subject):
      Row(
        sign: "!", name: visible(group?.rawValue ?? subject.rawValue),
        rest: visible("\(subject): \(what)"))
    case .addedAgain(let what, let group, let subject):
      Row(sign: "!", name: visible(group.rawValue), rest: visible("\(subject) \(what)"))
    case .foreignMembers(let group, let count, let first):
      Row(
        sign: "!", name: visible(group.rawValue),
        rest: visible(
          "\(count) foreign, left alone: "
            + first.map(\.rawValue).joined(separator: "; ") + (count > first.count ? "; …" : "")))
    case .preExistingMembers(let group, let count):
      Row(
        sign: "!", name: visible(group.rawValue),
        rest: "\(count) pre-existing, never removed by us")
    case .orphan(let account, let subject, let what):
      Row(
        sign: "!", name: visible(account.rawValue), rest: visible("orphan \(subject): \(what)"))
    case .notice(let what): Row(sign: "!", name: "the target", rest: visible(what))
    }
  }

  private func name(_ account: AccountReference) -> String {
    let id = account.subject?.rawValue ?? account.identity?.key.rawValue ?? ""
    guard let name = account.displayName, !name.isEmpty else { return visible(id) }
    return visible(ambiguousNames.contains(name) ? "\(name) (\(id))" : name)
  }

  private func key(_ attributes: [AttributeChange]) -> String {
    guard let key = attributes.first(where: { $0.name == naturalKeyAttribute })?.after.first else {
      return ""
    }
    return visible(" \(naturalKeyAttribute)=\(key)")
  }

  /// Each access package once; an assignment whose package is not known goes by its id.
  private func because(_ reason: Reason) -> String {
    var names: [String] = []
    for assignment in reason.assignments {
      let name = packageName(assignment) ?? assignment.description
      if !names.contains(name) { names.append(name) }
    }
    let more = names.count > 3 ? " and \(names.count - 3) more" : ""
    return visible(names.prefix(3).joined(separator: ", ")) + more
      + (reason.repairsDrift ? " (repairs drift)" : "")
  }

  private func words(_ ending: Ending) -> String {
    guard let name = ending.assignment.flatMap(packageName) else { return visible("\(ending)") }
    switch ending {
    case .expired(_, let end): return visible("expired \(end), \(name)")
    case .revoked(_, let state, _): return visible("revoked as \(state), \(name)")
    case .absent(_, let since, _): return visible("absent since \(since), \(name)")
    case .unmapped, .operator: return visible("\(ending)")
    }
  }

  private func settings(_ attributes: [AttributeChange]) -> String {
    "set " + attributes.map(describe).joined(separator: ", ")
  }

  private func describe(_ change: AttributeChange) -> String {
    func list(_ values: [String]) -> String {
      values.isEmpty ? "nothing" : visible(values.map { "'\($0)'" }.joined(separator: " "))
    }
    return "\(change.name) from \(list(change.before)) to \(list(change.after))"
  }
}
