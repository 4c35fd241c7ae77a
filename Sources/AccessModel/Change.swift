/// Why something is added or changed: the live assignments that ask for it.
package struct Reason: Hashable, Sendable, Codable {
  /// Sorted, never empty for an addition.
  package let assignments: [AssignmentReference]
  /// Someone else had undone it since the last run.
  package let repairsDrift: Bool

  package init(assignments: [AssignmentReference], repairsDrift: Bool = false) {
    self.assignments = assignments
    self.repairsDrift = repairsDrift
  }
}

/// The account a change is about.
package struct AccountReference: Hashable, Sendable, Codable {
  /// `nil` for a member that is nobody we know, removed from an exclusive group.
  package let subject: SubjectID?
  /// For people: reports show it beside the id.
  package let displayName: String?
  /// `nil` while the account is still to be created by an earlier change of the same plan.
  package let identity: AccountIdentity?

  package init(subject: SubjectID?, displayName: String?, identity: AccountIdentity?) {
    self.subject = subject
    self.displayName = displayName
    self.identity = identity
  }
}

/// One account holds one entitlement in one target; what is added and removed.
package struct Membership: Hashable, Sendable, Codable {
  package let group: EntitlementKey
  /// The group's immutable id as it was read; `nil` while it is still to be created.
  package let groupID: String?
  package let account: AccountReference

  package init(group: EntitlementKey, groupID: String?, account: AccountReference) {
    self.group = group
    self.groupID = groupID
    self.account = account
  }
}

/// The values an attribute has and should have.
package struct AttributeChange: Hashable, Sendable, Codable {
  package let name: String
  package let before: [String]
  /// Empty removes the attribute.
  package let after: [String]

  package init(name: String, before: [String], after: [String]) {
    self.name = name
    self.before = before
    self.after = after
  }
}

/// One operation as data, with its reason. A removal cannot be built without its ending.
package enum Change: Hashable, Sendable, Codable {
  /// The adapter adds the anchor and whatever its class needs. `before` of every attribute is empty.
  case createAccount(AccountReference, [AttributeChange], because: Reason)
  case updateAccount(AccountReference, [AttributeChange], because: Reason)
  /// Undoes `DisableRule`, and sets the attributes that differ.
  case enableAccount(AccountReference, DisableRule, [AttributeChange], because: Reason)
  case disableAccount(AccountReference, DisableRule, because: Ending)
  case deleteAccount(AccountReference, because: Ending)
  case createGroup(EntitlementKey, because: Reason)
  case addMember(Membership, because: Reason)
  case removeMember(Membership, because: Ending)
}

extension Change {
  /// The order of docs/safety.md: what must end goes first, then accounts, then additions, then the
  /// removals that only a reading proves; accounts are disabled and deleted after their memberships.
  package enum Phase: Int, Comparable, CaseIterable, Sendable, Codable {
    case urgentRemovals, accounts, groups, additions, otherRemovals, disables, deletes

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }

  package var phase: Phase {
    switch self {
    case .removeMember(_, let ending): ending.cause.isLimited ? .otherRemovals : .urgentRemovals
    case .createAccount, .updateAccount, .enableAccount: .accounts
    case .createGroup: .groups
    case .addMember: .additions
    case .disableAccount: .disables
    case .deleteAccount: .deletes
    }
  }

  /// A stable word for reports, JSON and the journal.
  package var kind: String {
    switch self {
    case .createAccount: "createAccount"
    case .updateAccount: "updateAccount"
    case .enableAccount: "enableAccount"
    case .disableAccount: "disableAccount"
    case .deleteAccount: "deleteAccount"
    case .createGroup: "createGroup"
    case .addMember: "addMember"
    case .removeMember: "removeMember"
    }
  }

  /// Why access goes, for the changes that take it away.
  package var ending: Ending? {
    switch self {
    case .disableAccount(_, _, let ending), .deleteAccount(_, let ending),
      .removeMember(_, let ending):
      ending
    case .createAccount, .updateAccount, .enableAccount, .createGroup, .addMember: nil
    }
  }

  /// Whether it takes away what has ended for a cause that no reading must prove: the changes that go
  /// on when there is hardly room left to record anything.
  package var endsAccess: Bool {
    switch self {
    case .removeMember(_, let ending), .disableAccount(_, _, let ending): ending.cause.standsAlone
    case .createAccount, .updateAccount, .enableAccount, .deleteAccount, .createGroup, .addMember:
      false
    }
  }

  /// Why access comes or is kept right, for the changes that give it.
  package var reason: Reason? {
    switch self {
    case .createAccount(_, _, let reason), .updateAccount(_, _, let reason),
      .enableAccount(_, _, _, let reason), .createGroup(_, let reason), .addMember(_, let reason):
      reason
    case .disableAccount, .deleteAccount, .removeMember: nil
    }
  }

  package var account: AccountReference? {
    switch self {
    case .createAccount(let account, _, _), .updateAccount(let account, _, _),
      .enableAccount(let account, _, _, _), .disableAccount(let account, _, _),
      .deleteAccount(let account, _):
      account
    case .addMember(let membership, _), .removeMember(let membership, _): membership.account
    case .createGroup: nil
    }
  }

  /// The attribute values it sets; empty for changes that set none.
  package var attributeChanges: [AttributeChange] {
    switch self {
    case .createAccount(_, let attributes, _), .updateAccount(_, let attributes, _),
      .enableAccount(_, _, let attributes, _):
      attributes
    case .disableAccount, .deleteAccount, .createGroup, .addMember, .removeMember: []
    }
  }

  /// How the account is disabled, or was; for the changes that do or undo it.
  package var disableRule: DisableRule? {
    switch self {
    case .enableAccount(_, let rule, _, _), .disableAccount(_, let rule, _): rule
    case .createAccount, .updateAccount, .deleteAccount, .createGroup, .addMember, .removeMember:
      nil
    }
  }

  package var group: EntitlementKey? {
    switch self {
    case .createGroup(let key, _): key
    case .addMember(let membership, _), .removeMember(let membership, _): membership.group
    case .createAccount, .updateAccount, .enableAccount, .disableAccount, .deleteAccount: nil
    }
  }
}

extension Change: Comparable {
  /// Phase, then group, then subject, then account, then kind: the order in which changes are shown
  /// and applied.
  package static func < (left: Self, right: Self) -> Bool {
    if left.phase != right.phase { return left.phase < right.phase }
    let (leftGroup, rightGroup) = (left.group ?? "", right.group ?? "")
    if leftGroup != rightGroup { return leftGroup < rightGroup }
    let (leftSubject, rightSubject) = (left.account?.subject ?? "", right.account?.subject ?? "")
    if leftSubject != rightSubject { return leftSubject < rightSubject }
    let (leftKey, rightKey) = (
      left.account?.identity?.key ?? "", right.account?.identity?.key ?? ""
    )
    if leftKey != rightKey { return leftKey < rightKey }
    return left.kind < right.kind
  }
}
