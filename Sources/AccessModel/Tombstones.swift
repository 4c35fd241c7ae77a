/// What was ours in one target and ended, so that it is known again should a restored backup bring it
/// back. Of each thing the last end, and only while the ledger holds no newer row of it.
package struct Tombstones: Sendable {
  package struct Membership: Equatable, Sendable {
    package let group: EntitlementKey
    package let subject: SubjectID
    package let origin: Ownership.Origin
    /// The assignments that justified it last.
    package let because: [AssignmentReference]
    package let endedAt: Instant
    /// When the group was last changed as it was seen without the member, by the target's clock.
    package let changedAt: Instant?

    package init(
      group: EntitlementKey, subject: SubjectID, origin: Ownership.Origin,
      because: [AssignmentReference], endedAt: Instant, changedAt: Instant?
    ) {
      self.group = group
      self.subject = subject
      self.origin = origin
      self.because = because
      self.endedAt = endedAt
      self.changedAt = changedAt
    }

    /// Whether a group that was last changed at `now` is older than it was without the member: nobody
    /// can have added it since. Every change moves that instant forward, so only a copy from before
    /// the end shows an earlier one. A whole second, since a target may tell one instant to a fraction
    /// here and cut it there.
    package func isAfter(_ now: Instant?) -> Bool {
      guard let changedAt, let now else { return false }
      return now.adding(.seconds(1)) <= changedAt
    }
  }

  package struct Account: Equatable, Sendable {
    package let subject: SubjectID
    package let identity: AccountIdentity
    package let origin: Ownership.Origin
    package let because: [AssignmentReference]
    package let endedAt: Instant

    package init(
      subject: SubjectID, identity: AccountIdentity, origin: Ownership.Origin,
      because: [AssignmentReference], endedAt: Instant
    ) {
      self.subject = subject
      self.identity = identity
      self.origin = origin
      self.because = because
      self.endedAt = endedAt
    }
  }

  /// Sorted by group, then subject.
  package let memberships: [Membership]
  /// Sorted by subject. Unlike memberships also those whose subject has another account by now.
  package let accounts: [Account]

  package init(memberships: [Membership] = [], accounts: [Account] = []) {
    self.memberships = memberships.sorted { ($0.group, $0.subject) < ($1.group, $1.subject) }
    self.accounts = accounts.sorted { $0.subject < $1.subject }
  }
}
