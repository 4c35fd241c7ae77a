/// A target whose groups can be members of groups. Bellhop never makes such a membership; it tells who is
/// in a group by one.
package protocol NestingTarget: Target {
  /// The groups that the account is in because a group is that it is in: each once, by a shortest way,
  /// sorted. Loops among groups end. Throws if one of the groups on the way could not be searched for.
  func nestedMemberships(
    of account: AccountIdentity
  ) async throws(TargetError) -> [NestedMembership]
}

/// A group that somebody is in by another one.
package struct NestedMembership: Equatable, Sendable {
  package let group: EntitlementKey
  /// From the group that has the account to the one that is a member of `group`.
  package let through: [EntitlementKey]

  package init(group: EntitlementKey, through: [EntitlementKey]) {
    self.group = group
    self.through = through
  }
}
