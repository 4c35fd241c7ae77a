package import AccessModel

/// One harness with the words the cases are written in.
package struct ConformanceWorld {
  let harness: any ConformanceHarness
  let scope: ManagedScope
  let groups: [EntitlementKey]
  package let ada: SubjectID = "0e0c51c2-0000-4000-8000-00000000ada1"
  let bob: SubjectID = "0e0c51c2-0000-4000-8000-00000000b0b2"
  let eve: SubjectID = "0e0c51c2-0000-4000-8000-00000000e3e3"

  package init(_ harness: any ConformanceHarness) throws {
    self.harness = harness
    groups = try harness.groups.map { try harness.target.entitlementKey(for: $0) }
    let attributes = ["ada", "bob", "eve"].flatMap { harness.attributes(of: .init($0)).keys }
    scope = ManagedScope(
      groups: groups + [try harness.target.entitlementKey(for: harness.missingGroup)],
      attributes: Array(Set(attributes)), disable: harness.disableRule)
  }

  let because = Reason(assignments: [.init(source: "conformance", id: "asn-1")])
  let ended = Ending.expired(
    .init(source: "conformance", id: "asn-1"), end: .init(microseconds: 1_768_176_000_000_000))

  var keepsAnchors: Bool { harness.shortcomings[.forgetsAnchors] == nil }

  /// What makes the account of a subject.
  package func creation(of subject: SubjectID) -> Change {
    let attributes = harness.attributes(of: subject).sorted { $0.key < $1.key }
    return .createAccount(
      AccountReference(subject: subject, displayName: nil, identity: nil),
      attributes.map { AttributeChange(name: $0.key, before: [], after: $0.value) },
      because: because)
  }

  package func addition(_ account: AccountReference, to group: Int, id: String? = nil) async throws
    -> Change
  {
    .addMember(try await membership(account, group, id), because: because)
  }

  func removal(_ account: AccountReference, from group: Int, id: String? = nil) async throws
    -> Change
  {
    .removeMember(try await membership(account, group, id), because: ended)
  }

  private func membership(
    _ account: AccountReference, _ group: Int, _ id: String?
  ) async throws -> Membership {
    var groupID = id
    if groupID == nil { groupID = try await self.groupID(group) }
    return Membership(group: groups[group], groupID: groupID, account: account)
  }

  package func groupID(_ group: Int) async throws -> String {
    guard case .present(let id, .complete) = try await read().groups[groups[group]] else {
      throw ConformanceFailure("group \(groups[group]) was not read completely")
    }
    return id
  }

  /// Creates the subject's account and refers to it as it then is.
  package func account(of subject: SubjectID) async throws -> AccountReference {
    let outcome = try await apply(creation(of: subject))
    try expectDone(outcome, "creating an account")
    guard let identity = outcome.identity else {
      throw ConformanceFailure("a created account must come with its identity")
    }
    return AccountReference(subject: subject, displayName: nil, identity: identity)
  }

  /// Disables the account, where the target can, and refers to it as it then is: a plan deletes only
  /// what it has disabled before.
  func disabled(_ account: AccountReference) async throws -> AccountReference {
    guard let rule = harness.disableRule else { return account }
    let outcome = try await apply(.disableAccount(account, rule, because: ended))
    try expectDone(outcome, "disabling an account")
    return AccountReference(
      subject: account.subject, displayName: account.displayName,
      identity: outcome.identity ?? account.identity)
  }

  func apply(_ changes: [Change]) async throws -> [Outcome] {
    let changes = changes.sorted()
    let outcomes = try await harness.target.apply(changes) { _ in }
    try expect(
      outcomes.count == changes.count,
      "\(changes.count) changes gave \(outcomes.count) outcomes; one each is due")
    return outcomes
  }

  func apply(_ change: Change) async throws -> Outcome { try await apply([change])[0] }

  func read() async throws -> Snapshot {
    Snapshot(try await harness.target.readActualState(scope), scope)
  }

  func expect(_ condition: Bool, _ failure: @autoclosure () -> String) throws {
    if !condition { throw ConformanceFailure(failure()) }
  }

  func expectDone(_ outcome: Outcome, _ act: String) throws {
    try expect(
      outcome.isDone, "\(act) must be done, but is \(outcome.word) \(outcome.detail ?? "")")
  }

  func expectRefused(_ outcome: Outcome, _ act: String) throws {
    switch outcome {
    case .refused(let reason), .failed(.skipChange, let reason):
      try expect(!reason.isEmpty, "\(act) is refused without a reason")
    default:
      throw ConformanceFailure(
        "\(act) must be refused, but is \(outcome.word) \(outcome.detail ?? "")")
    }
  }

  func expectMembers(_ members: [AccountReference], of group: Int) async throws {
    let snapshot = try await read()
    let expected = members.compactMap(\.identity?.key).sorted()
    let found = snapshot.members[groups[group], default: []]
    try expect(
      snapshot.groups[groups[group]]?.isReadWhole == true && found == expected,
      "\(groups[group]) must hold exactly \(expected), but reads \(found)")
  }
}

/// A reading in a form that two can be compared in.
struct Snapshot: Equatable {
  let coverage: Coverage
  let accounts: [ActualAccount]
  let groups: [EntitlementKey: ActualGroup]
  let members: [EntitlementKey: [AccountKey]]

  init(_ state: ActualState, _ scope: ManagedScope) {
    coverage = state.coverage
    accounts = state.accounts
    groups = Dictionary(uniqueKeysWithValues: zip(scope.groups, state.groups))
    members = Dictionary(
      grouping: state.memberships.sorted, by: { scope.groups[$0.group] }
    ).mapValues { $0.map { state.key(ofMember: $0.account) }.sorted() }
  }

  func account(_ account: AccountReference) -> ActualAccount? {
    accounts.first { $0.identity == account.identity }
  }

  /// Whether everything in it claims to have been read to its end.
  var isWhole: Bool {
    coverage.isComplete && groups.values.allSatisfy { $0 == .missing || $0.isReadWhole }
  }
}

extension ActualGroup {
  var isReadWhole: Bool {
    if case .present(_, .complete) = self { true } else { false }
  }
}
