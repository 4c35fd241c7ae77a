/// A removal that is due and was not done. It keeps shouting until it is.
package struct PendingRemoval: Hashable, Sendable {
  package enum Obstacle: String, Sendable, Codable {
    /// Limits hold it until `digest` is approved.
    case limits
    /// The target refused it, or did not answer.
    case failed
    /// The target could not be read at all.
    case unreachable
    /// The target or the subject is set aside after repeated failure.
    case quarantine
  }

  package let target: TargetID
  /// `removeMember`, `disableAccount` or `deleteAccount`.
  package let kind: String
  package let group: EntitlementKey?
  package let subject: SubjectID?
  /// The account as the target names it; `nil` where that is not known.
  package let account: AccountKey?
  package let obstacle: Obstacle
  /// What an approval must name.
  package let digest: String?
  package let since: Instant
  /// What the target said when it was last tried.
  package let reason: String?

  package init(
    target: TargetID, kind: String, group: EntitlementKey?, subject: SubjectID?,
    account: AccountKey?, obstacle: Obstacle, digest: String? = nil, since: Instant,
    reason: String? = nil
  ) {
    self.target = target
    self.kind = kind
    self.group = group
    self.subject = subject
    self.account = account
    self.obstacle = obstacle
    self.digest = digest
    self.since = since
    self.reason = reason
  }
}

/// A target, or one subject in it, whose writes failed in run after run.
package struct Trouble: Equatable, Sendable {
  package let target: TargetID
  /// `nil` is the target as a whole.
  package let subject: SubjectID?
  /// Runs in a row.
  package let failures: Int
  package let firstAt: Instant
  package let lastAt: Instant
  /// Since when it is set aside; `nil` while it is still tried.
  package let quarantinedAt: Instant?
  /// What the last failure said.
  package let reason: String

  package init(
    target: TargetID, subject: SubjectID?, failures: Int, firstAt: Instant, lastAt: Instant,
    quarantinedAt: Instant? = nil, reason: String
  ) {
    self.target = target
    self.subject = subject
    self.failures = failures
    self.firstAt = firstAt
    self.lastAt = lastAt
    self.quarantinedAt = quarantinedAt
    self.reason = reason
  }
}
