/// What the ledger says we created, took over or found in one target.
package struct Ownership: Sendable {
  /// How a thing came to be recorded.
  package enum Origin: String, Sendable, Codable {
    /// We made it.
    case created
    /// It was there, and we were told to take it over.
    case adopted
    /// It was there when it was first desired, and is never removed by us.
    case preExisting
    /// We meant to make it and do not know whether we did: ours if it is there.
    case intended
  }

  package struct Account: Equatable, Sendable {
    package let subject: SubjectID
    package let identity: AccountIdentity
    package let origin: Origin
    /// The assignments that justified it when it was last desired.
    package let because: [AssignmentReference]
    package let disabledAt: Instant?
    /// Why we disabled it; deleting it later needs the same cause.
    package let disabledBecause: Ending?

    package init(
      subject: SubjectID, identity: AccountIdentity, origin: Origin,
      because: [AssignmentReference], disabledAt: Instant? = nil, disabledBecause: Ending? = nil
    ) {
      self.subject = subject
      self.identity = identity
      self.origin = origin
      self.because = because
      self.disabledAt = disabledAt
      self.disabledBecause = disabledBecause
    }
  }

  package struct Group: Equatable, Sendable {
    package let key: EntitlementKey
    package let immutableID: String
    package let origin: Origin

    package init(key: EntitlementKey, immutableID: String, origin: Origin) {
      self.key = key
      self.immutableID = immutableID
      self.origin = origin
    }
  }

  package let target: TargetID
  /// Sorted by subject.
  package let accounts: [Account]
  /// Groups we have seen, sorted by key.
  package let groups: [Group]
  /// The tables that `memberships` refers to by position, both sorted.
  package let groupKeys: [EntitlementKey]
  package let subjects: [SubjectID]
  package let memberships: MembershipSet
  /// One for each of `memberships.sorted`.
  package let origins: ContiguousArray<Origin>
  package let reasons: Justifications
  package let tombstones: Tombstones

  package init(
    target: TargetID, accounts: [Account] = [], groups: [Group] = [],
    groupKeys: [EntitlementKey] = [], subjects: [SubjectID] = [],
    memberships: MembershipSet = .empty, origins: ContiguousArray<Origin> = [],
    reasons: Justifications = .init(assignments: []), tombstones: Tombstones = Tombstones()
  ) {
    precondition(origins.count == memberships.count, "one origin for each membership")
    precondition(reasons.count == memberships.count, "one reason row for each membership")
    self.target = target
    self.accounts = accounts
    self.groups = groups
    self.groupKeys = groupKeys
    self.subjects = subjects
    self.memberships = memberships
    self.origins = origins
    self.reasons = reasons
    self.tombstones = tombstones
  }
}
