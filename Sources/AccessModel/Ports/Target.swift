/// A system that is written to.
package protocol Target: Sendable {
  var id: TargetID { get }
  var traits: TargetTraits { get }

  /// The one spelling of a group that a mapping names. Needs no connection. Throws if this target can
  /// have no such group: bad syntax, outside its base, protected.
  func entitlementKey(for name: String) throws(TargetError) -> EntitlementKey

  /// Reads what the scope names, and nothing else. Throws if the target cannot be read at all; what
  /// could not be read to its end is said in the state's coverages.
  func readActualState(_ scope: ManagedScope) async throws(TargetError) -> ActualState

  /// Applies the changes, which are sorted and of one phase, and gives one outcome for each, in their
  /// order. The adapter may group, batch and pipeline. Never retries what may have been done without
  /// reading first; never writes what the changes do not name. Throws only before the first write.
  func apply(
    _ changes: [Change], progress: @Sendable (Progress) -> Void
  ) async throws(TargetError) -> [Outcome]
}

/// What a plan must know of a target besides what is in it.
package struct TargetTraits: Equatable, Sendable {
  /// The account attribute that must be unique besides the anchor: the RDN attribute, `userName`.
  package let naturalKeyAttribute: String
  /// Attributes that an existing account cannot change.
  package let fixedAttributes: Set<String>
  /// Whether a mapped group that is missing is created.
  package let createsMissingGroups: Bool
  /// `adopt: true`: memberships found present when first desired become ours instead of pre-existing.
  package let adoptsExisting: Bool
  /// Whether less is read where a scope names the only account.
  package let canReadOneAccount: Bool

  package init(
    naturalKeyAttribute: String, fixedAttributes: Set<String> = [],
    createsMissingGroups: Bool = false, adoptsExisting: Bool = false,
    canReadOneAccount: Bool = false
  ) {
    self.naturalKeyAttribute = naturalKeyAttribute
    self.fixedAttributes = fixedAttributes
    self.createsMissingGroups = createsMissingGroups
    self.adoptsExisting = adoptsExisting
    self.canReadOneAccount = canReadOneAccount
  }
}
