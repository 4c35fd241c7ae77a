import AccessModel
import ConnectorTesting

/// Breaks one promise of the port; the raw value is the conformance case that must notice.
enum Breakage: String, CaseIterable, Sendable {
  case readsFailureAsEmpty = "a cut connection never reads as empty"
  case forgetsAnchor = "a created account reads back with anchor, attributes and identity"
  case removesEverybody = "removing one member leaves the others"
  case stopsAtRefusal = "one refused change leaves the rest applied"
  case ignoresGroupID = "a group recreated under the same name is refused"
  case claimsDone = "nothing is done over a cut connection"
}

struct InMemoryHarness: ConformanceHarness {
  let memory: InMemoryTarget
  let target: any Target
  let disableRule: DisableRule?
  private let refusesMemberInGroup: Bool
  private let cut: InMemoryTarget.Faults
  private let placeholder: AccountKey = "cn=nobody,dc=test"

  init(
    groupsNeedMember: Bool = false,
    disableRule: DisableRule = .set(["employeeType": ["disabled-guest"]]),
    refusesMemberInGroup: Bool = false, cut: InMemoryTarget.Faults = .init(cutAtWrite: 0),
    breakage: Breakage? = nil
  ) {
    memory = InMemoryTarget(
      directory: InMemoryDirectory(
        groups: ["cn=alpha", "cn=beta"], groupsNeedMember: groupsNeedMember))
    target = breakage.map { [memory] in BrokenTarget(memory: memory, breakage: $0) } ?? memory
    self.disableRule = disableRule
    self.refusesMemberInGroup = refusesMemberInGroup
    self.cut = cut
  }

  let groups = ["cn=alpha", "cn=beta"]
  let missingGroup = "cn=absent"
  let freeAttribute = "displayName"

  func attributes(of subject: SubjectID) -> [String: [String]] {
    ["uid": ["u-\(subject)"], "displayName": ["Guest \(subject)"], "mail": ["a@b", "c@d"]]
  }

  func membershipToRefuse(_ account: AccountReference) async throws -> Membership {
    guard refusesMemberInGroup, let identity = account.identity else {
      return Membership(group: "cn=absent", groupID: nil, account: account)
    }
    await memory.edit { $0.refusedMembers = ["uid=refused,ou=guests,dc=test"] }
    return Membership(
      group: "cn=alpha", groupID: nil,
      account: AccountReference(
        subject: account.subject, displayName: nil,
        identity: AccountIdentity(
          key: "uid=refused,ou=guests,dc=test", immutableID: identity.immutableID)))
  }

  func writeCount() async -> Int { await memory.writes }

  func cutConnection() async { await memory.set(cut) }

  func recreateGroup(_ name: String) async throws {
    let key = EntitlementKey(name)
    try await memory.edit { directory throws(InMemoryDirectory.Refusal) in
      try directory.deleteGroup(key)
      try directory.addGroup(key)
    }
  }
}

private struct BrokenTarget: Target {
  let memory: InMemoryTarget
  let breakage: Breakage

  var id: TargetID { memory.id }
  var traits: TargetTraits { memory.traits }

  func entitlementKey(for name: String) throws(TargetError) -> EntitlementKey {
    try memory.entitlementKey(for: name)
  }

  func readActualState(_ scope: ManagedScope) async throws(TargetError) -> ActualState {
    do {
      let state = try await memory.readActualState(scope)
      return breakage == .forgetsAnchor ? state.withoutAnchors : state
    } catch {
      guard breakage == .readsFailureAsEmpty else { throw error }
      return ActualState(
        target: id, coverage: .complete, groups: scope.groups.map { _ in .missing })
    }
  }

  func apply(
    _ changes: [Change], progress: @Sendable (Progress) -> Void
  ) async throws(TargetError) -> [Outcome] {
    var outcomes: [Outcome] = []
    for change in changes {
      if breakage == .stopsAtRefusal, let last = outcomes.last, !last.isDone {
        outcomes.append(last)
        continue
      }
      if breakage == .removesEverybody, case .removeMember(let membership, _) = change {
        await memory.edit { directory in
          for member in directory.groups[membership.group]?.members ?? [] {
            do { try directory.removeMember(member, from: membership.group) } catch {}
          }
        }
        outcomes.append(.applied())
        continue
      }
      let sent = breakage == .ignoresGroupID ? change.withoutGroupID : change
      let outcome = try await memory.apply([sent], progress: progress)[0]
      outcomes.append(breakage == .claimsDone ? .applied(identity: outcome.identity) : outcome)
    }
    return outcomes
  }
}

extension ActualState {
  fileprivate var withoutAnchors: ActualState {
    ActualState(
      target: target, coverage: coverage,
      accounts: accounts.map {
        ActualAccount(
          identity: $0.identity, anchor: nil, naturalKey: $0.naturalKey,
          attributes: $0.attributes, isEnabled: $0.isEnabled)
      },
      groups: groups, strangers: strangers, memberships: memberships)
  }
}

extension Change {
  fileprivate var withoutGroupID: Change {
    guard case .addMember(let membership, let reason) = self else { return self }
    return .addMember(
      Membership(group: membership.group, groupID: nil, account: membership.account),
      because: reason)
  }
}
