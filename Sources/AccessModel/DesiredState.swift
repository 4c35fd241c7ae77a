/// What should exist in one target, with the live assignments that justify it.
package struct DesiredState: Sendable {
  package let target: TargetID
  /// The groups that mappings name, sorted by key; memberships refer to them by position.
  package let groups: [DesiredGroup]
  /// Sorted by subject, each once; memberships refer to them by position.
  package let accounts: [DesiredAccount]
  package let memberships: MembershipSet
  /// One row for each of `memberships.sorted`.
  package let reasons: Justifications
  /// Subjects about whom an input could not be read or trusted: kept as they are.
  package let holds: [SubjectID: String]
  /// How accounts of this target are kept; `nil` leaves accounts alone and manages groups only.
  package let accountRule: AccountRule?

  package init(
    target: TargetID, groups: [DesiredGroup] = [], accounts: [DesiredAccount] = [],
    memberships: MembershipSet = .empty, reasons: Justifications = .init(assignments: []),
    holds: [SubjectID: String] = [:], accountRule: AccountRule? = nil
  ) {
    precondition(reasons.count == memberships.count, "one reason row for each membership")
    self.target = target
    self.groups = groups
    self.accounts = accounts
    self.memberships = memberships
    self.reasons = reasons
    self.holds = holds
    self.accountRule = accountRule
  }
}

/// A group that a mapping names, and what the mapping says of those already in it.
package struct DesiredGroup: Equatable, Sendable {
  package let key: EntitlementKey
  /// Memberships found present when first desired become ours instead of pre-existing.
  package let adopt: Bool
  /// Every member that is not desired is removed as `unmapped`, ours or not.
  package let exclusive: Bool

  package init(key: EntitlementKey, adopt: Bool = false, exclusive: Bool = false) {
    self.key = key
    self.adopt = adopt
    self.exclusive = exclusive
  }
}

/// An account that should exist because a live assignment of its subject needs it.
package struct DesiredAccount: Equatable, Sendable {
  package let subject: SubjectID
  /// For people: reports show it beside the id.
  package let displayName: String?
  /// By target attribute name; empty where the mapping has no rule for accounts of this target.
  package let attributes: Attributes
  /// The live assignments that need it, sorted.
  package let because: [AssignmentReference]

  package init(
    subject: SubjectID, displayName: String?, attributes: Attributes,
    because: [AssignmentReference]
  ) {
    self.subject = subject
    self.displayName = displayName
    self.attributes = attributes
    self.because = because
  }
}

/// How a mapping keeps the accounts of one target.
package struct AccountRule: Equatable, Sendable {
  /// The target attributes the mapping sets, sorted.
  package let attributes: [String]
  package let correlation: CorrelationRule
  package let disable: DisableRule?
  /// How long after disabling an account we created is deleted; `nil` never deletes.
  package let deleteAfter: CalendarDuration?

  package init(
    attributes: [String], correlation: CorrelationRule = .anchor, disable: DisableRule? = nil,
    deleteAfter: CalendarDuration? = nil
  ) {
    self.attributes = attributes.sorted()
    self.correlation = correlation
    self.disable = disable
    self.deleteAfter = deleteAfter
  }
}

/// What makes an existing account the subject's.
package enum CorrelationRule: String, Sendable, Codable {
  /// Only the ledger's immutable id or the anchor we wrote. Anything else is a conflict.
  case anchor
  /// Also an exact match of the account's natural key (RDN value, `userName`), taken over on purpose.
  case adopt
}

/// What disabling an account means in its target.
package enum DisableRule: Hashable, Sendable, Codable {
  /// LDAP: replace these attributes; an empty list clears one.
  case set([String: [String]])
  /// LDAP: move the entry below this DN.
  case moveTo(String)
  /// SCIM: `active: false`.
  case deactivate
}
