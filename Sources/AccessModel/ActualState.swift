/// What a reader is asked to look at. Nothing outside it is read, and nothing outside it is planned.
package struct ManagedScope: Sendable {
  /// Groups that mappings name or the ledger owns something in, sorted.
  package let groups: [EntitlementKey]
  /// The immutable ids that the ledger knows groups by, so that one which was renamed is not taken for
  /// gone.
  package let groupIDs: [EntitlementKey: String]
  /// Account attributes to read besides those the target needs for itself, sorted.
  package let attributes: [String]
  /// Tells a reader which accounts are disabled, and whether a write disables or enables.
  package let disable: DisableRule?
  /// The only account to read, for targets that can; `nil` is all.
  package let only: OneAccount?
  /// Who is in a group by the ledger's account, for targets that do not show their members: what is
  /// ours, what was there before us, and what was intended and is not wanted any more. In a group that
  /// is older than it was, by the instant of its last change, what had ended is there again.
  package let presumedMembers: @Sendable (EntitlementKey, _ changedAt: Instant?) -> [AccountKey]

  package init(
    groups: [EntitlementKey], groupIDs: [EntitlementKey: String] = [:], attributes: [String],
    disable: DisableRule?, only: OneAccount? = nil,
    presumedMembers: @escaping @Sendable (EntitlementKey, Instant?) -> [AccountKey] = { _, _ in [] }
  ) {
    self.groups = groups.sorted()
    self.groupIDs = groupIDs
    self.attributes = attributes.sorted()
    self.disable = disable
    self.only = only
    self.presumedMembers = presumedMembers
  }
}

extension ManagedScope {
  /// An account by its immutable id, with every other that carries one of these anchors. The state's
  /// coverage of accounts is partial then, even if no other was found.
  package struct OneAccount: Equatable, Sendable {
    package let identity: AccountIdentity
    package let anchors: [SubjectID]

    package init(identity: AccountIdentity, anchors: [SubjectID]) {
      self.identity = identity
      self.anchors = anchors
    }
  }
}

/// What was read from a target just now.
package struct ActualState: Sendable {
  package let target: TargetID
  /// Of the accounts: whether every one in scope is in `accounts`.
  package let coverage: Coverage
  /// Sorted by key; memberships refer to them by position.
  package let accounts: [ActualAccount]
  /// One for each of the scope's groups, in its order; memberships refer to them by position.
  package let groups: [ActualGroup]
  /// When groups were last changed, by the target's own clock; of those that tell.
  package let changedAt: [EntitlementKey: Instant]
  /// Member values that belong to none of `accounts`, as the target spells them. Memberships refer to
  /// them by their position here plus `accounts.count`.
  package let strangers: [AccountKey]
  package let memberships: MembershipSet
  /// Those of `memberships` that hold only in part, where a target keeps each in several places.
  package let incomplete: MembershipSet
  /// Where groups hold something else than what accounts are named by: for the name that an account
  /// with such a value would have, the stranger's.
  package let strangersByAccount: [AccountKey: AccountKey]
  /// Attributes of the scope that the target does not have: never compared.
  package let missingAttributes: Set<String>
  /// Attributes of the scope that no account of the target can have, each with the reason: whoever is
  /// to get one is held.
  package let unknownAttributes: [String: String]
  /// Attributes that an existing account cannot change, besides those the target's traits name.
  package let fixedAttributes: Set<String>
  /// What people should know of how the target was read, each once.
  package let notices: [String]

  package init(
    target: TargetID, coverage: Coverage, accounts: [ActualAccount] = [],
    groups: [ActualGroup] = [], changedAt: [EntitlementKey: Instant] = [:],
    strangers: [AccountKey] = [],
    memberships: MembershipSet = .empty, incomplete: MembershipSet = .empty,
    strangersByAccount: [AccountKey: AccountKey] = [:],
    missingAttributes: Set<String> = [], unknownAttributes: [String: String] = [:],
    fixedAttributes: Set<String> = [], notices: [String] = []
  ) {
    self.target = target
    self.coverage = coverage
    self.accounts = accounts
    self.groups = groups
    self.changedAt = changedAt
    self.strangers = strangers
    self.memberships = memberships
    self.incomplete = incomplete
    self.strangersByAccount = strangersByAccount
    self.missingAttributes = missingAttributes
    self.unknownAttributes = unknownAttributes
    self.fixedAttributes = fixedAttributes
    self.notices = notices
  }

  /// What the target calls the holder of a membership.
  package func key(ofMember position: Int) -> AccountKey {
    position < accounts.count ? accounts[position].key : strangers[position - accounts.count]
  }
}

/// The subject's object in a target (LDAP entry, SCIM User), or someone else's.
package struct ActualAccount: Equatable, Sendable {
  package let identity: AccountIdentity
  /// The subject id we wrote into it; `nil` if nobody did.
  package let anchor: SubjectID?
  /// The value that must be unique besides: RDN value, `userName`.
  package let naturalKey: String?
  /// The attributes the scope asked for, spelled as the scope spells them.
  package let attributes: Attributes
  package let isEnabled: Bool

  package init(
    identity: AccountIdentity, anchor: SubjectID?, naturalKey: String?, attributes: Attributes,
    isEnabled: Bool
  ) {
    self.identity = identity
    self.anchor = anchor
    self.naturalKey = naturalKey
    self.attributes = attributes
    self.isEnabled = isEnabled
  }

  package var key: AccountKey { identity.key }
}

/// How a target names an account now, and for ever.
package struct AccountIdentity: Hashable, Sendable, Codable {
  /// What requests name it by: a DN, a SCIM `id`.
  package let key: AccountKey
  /// What never changes nor is given again: `entryUUID`, SCIM `id`.
  package let immutableID: String

  package init(key: AccountKey, immutableID: String) {
    self.key = key
    self.immutableID = immutableID
  }
}

/// One of the scope's groups as it was found.
package enum ActualGroup: Equatable, Sendable {
  /// The target has no such group.
  case missing
  /// Read. `immutableID` tells a group that was recreated under the same name; members that could
  /// not all be read make `coverage` partial.
  case present(immutableID: String, coverage: Coverage)
  /// Its existence could not be established.
  case unreadable(reason: String)
}
