package import AccessModel

/// What the conformance suite needs of one kind of target: a world of its own, and a hand in it.
///
/// Make one harness for each case. Everything below `target` acts behind the connector's back.
package protocol ConformanceHarness: Sendable {
  /// Over a server that holds `groups`, without any member of ours, and no account.
  var target: any Target { get }
  /// Two groups that exist, as a mapping names them.
  var groups: [String] { get }
  /// A group that does not exist, as a mapping names it. It sorts before one of `groups`, so that
  /// changes come after what it refuses.
  var missingGroup: String { get }
  /// What disabling means here; `nil` leaves out the cases that disable.
  var disableRule: DisableRule? { get }
  /// An account attribute that may hold any text and be changed to any other.
  var freeAttribute: String { get }
  /// Whether the target can tell a repeated change from a first one, and so must report it as already
  /// in state. A server that answers both alike cannot; then it is only asked to have no effect.
  var tellsRepetition: Bool { get }

  /// What the service cannot do, each with its reason: there the cases ask for what remains.
  var shortcomings: [ConformanceShortcoming: String] { get }

  /// What a mapping would give a new account: every attribute the target demands, `freeAttribute`,
  /// and the natural key, different for different subjects.
  func attributes(of subject: SubjectID) -> [String: [String]]
  /// A membership of an account that exists, which the target will refuse to add.
  func membershipToRefuse(_ account: AccountReference) async throws -> Membership
  /// How many writing requests the server has taken so far.
  func writeCount() async throws -> Int
  /// From now on no reading gets to its end: the server goes away, at once or midway.
  func cutConnection() async throws
  /// Deletes an empty group and makes another under its name.
  func recreateGroup(_ name: String) async throws
  /// Stops the servers and removes what they left.
  func tearDown() async
}

extension ConformanceHarness {
  package var tellsRepetition: Bool { true }
  package var shortcomings: [ConformanceShortcoming: String] { [:] }

  /// Unless the target has a better one: a member of a group that does not exist.
  package func membershipToRefuse(_ account: AccountReference) async throws -> Membership {
    Membership(
      group: try target.entitlementKey(for: missingGroup), groupID: nil, account: account)
  }

  package func tearDown() async {}
}

/// What some services cannot do, whoever connects to them.
package enum ConformanceShortcoming: Sendable, Hashable, CaseIterable {
  /// The anchor is not kept: an account is known by the ledger's id alone, and one that is made again
  /// is a conflict.
  case forgetsAnchors
}

/// A target that does not keep to its port.
package struct ConformanceFailure: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
