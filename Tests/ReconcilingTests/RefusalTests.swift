import AccessModel
import ConnectorTesting
import Planning
import Reconciling
import Testing

/// The target says no to one change: the others go on, and what depends on it waits.
struct RefusalTests {
  private let source = FakeSource(id: "partners")
  private let target = InMemoryTarget(groups: ["cn=eng", "cn=ops"])
  private let connector: Connector

  init() throws {
    connector = try Connector(source, target)
  }

  private func key(_ uid: String) -> AccountKey { InMemoryTarget.accountKey(uid: uid) }

  @Test func `one refused change leaves the rest applied and is tried again`() async throws {
    let ada = key("ada")
    await target.edit { $0.refusedMembers = [ada] }
    source.answer([assignment("ada"), assignment("bob"), assignment("eve")])
    let report = try await connector.apply(at: Connector.day(0))
    #expect(report.verdict == .partlyApplied)
    #expect(report.targets[0].failed == 1)
    #expect(await target.members("cn=eng") == ["bob", "eve"])
    #expect(try await connector.owned() == ["cn=eng bob created", "cn=eng eve created"])
    await target.edit { $0.refusedMembers = [] }
    #expect(try await connector.apply(at: Connector.day(1)).verdict == .converged)
    #expect(await target.members("cn=eng") == ["ada", "bob", "eve"])
  }

  @Test func `an account that cannot be created blocks its own memberships only`() async throws {
    let mapping = Connector.mapping.replacing("uid: '[uid]'", with: "uid: '[login]'")
    connector.change { $0.mapping = mapping }
    var ada = assignment("ada")
    ada.attributes["login"] = ["taken"]
    var bob = assignment("bob")
    bob.attributes["login"] = ["bob"]
    source.answer([ada, bob])
    // Between the reading and the writing somebody else takes the name.
    let thief = ThievingTarget(memory: target, name: "taken")
    connector.change { $0.targets = [thief] }
    let report = try await connector.apply(at: Connector.day(0))
    #expect(report.verdict == .partlyApplied)
    #expect(await target.members("cn=eng") == ["bob"])
    #expect(
      report.targets[0].outcomes.map(\.outcome.word) == ["refused", "applied", "failed", "applied"])
    #expect(try await connector.owned() == ["cn=eng bob created"])
    #expect(try await connector.store().ownership(of: "memory").accounts.map(\.subject) == ["bob"])
  }

  @Test func `C2: what a target did not begin is recorded as failed and is tried again`()
    async throws
  {
    source.answer([assignment("ada")])
    connector.change { $0.targets = [UnreachableTarget(memory: target)] }
    let report = try await connector.apply(at: Connector.day(0))
    #expect(report.targets[0].outcomes.map(\.outcome.word) == ["failed"])
    #expect(try await connector.journal() == ["createAccount ada failed"])
    #expect(try await connector.store().ownership(of: "memory").accounts.isEmpty)
    connector.change { $0.targets = [target] }
    #expect(try await connector.apply(at: Connector.day(1)).verdict == .converged)
    #expect(await target.members("cn=eng") == ["ada"])
  }

  @Test func `what must end goes before anything else, and accounts after their memberships`()
    async throws
  {
    source.answer([
      assignment("ada", end: Connector.day(1)), assignment("bob"), assignment("eve"),
    ])
    try await connector.apply(at: Connector.day(0))
    let before = try await connector.journal().count
    source.answer([assignment("bob", "Operations"), assignment("eve"), assignment("new")])
    try await connector.apply(at: Connector.day(1))
    #expect(
      try await connector.journal().dropFirst(before) == [
        "removeMember cn=eng ada applied", "createAccount new applied",
        "addMember cn=eng new applied", "addMember cn=ops bob applied",
        "removeMember cn=eng bob applied", "disableAccount ada applied",
      ])
  }

  /// A group of a class that needs a member refuses to give up its last one, result 65.
  @Test func `an account is neither moved nor deleted while a membership of it is left`()
    async throws
  {
    await target.edit { $0.groupsNeedMember = true }
    connector.change { setup in
      setup.mapping = Connector.mapping.replacing(
        "disable: { set: { employeeType: disabled } }",
        with: "disable: { moveTo: 'ou=gone,dc=test' }")
    }
    source.answer([assignment("ada", end: Connector.day(1))])
    try await connector.apply(at: Connector.day(0))
    let report = try await connector.apply(at: Connector.day(1))
    #expect(report.targets[0].outcomes.map(\.outcome.word) == ["refused", "failed"])
    #expect(await target.account("ada") != nil)
    await target.edit { $0.groupsNeedMember = false }
    #expect(try await connector.apply(at: Connector.day(2)).verdict == .converged)
    #expect(await target.members("cn=eng") == [])
    #expect(await target.directory.accounts.keys.sorted() == ["uid=ada,ou=gone,dc=test"])
  }

  @Test func `an account that cannot come back gets no membership under its old name`()
    async throws
  {
    connector.change { setup in
      setup.mapping = Connector.mapping.replacing(
        "disable: { set: { employeeType: disabled } }",
        with: "disable: { moveTo: 'ou=gone,dc=test' }")
    }
    source.answer([assignment("ada", end: Connector.day(1))])
    try await connector.apply(at: Connector.day(0))
    try await connector.apply(at: Connector.day(1))
    source.answer([assignment("ada", end: Connector.day(9))])
    // Somebody took the name meanwhile, and carries no natural key that would tell.
    let ada = key("ada")
    try await target.edit { directory throws(InMemoryDirectory.Refusal) in
      try directory.addAccount(ada, anchor: nil, attributes: [:])
    }
    let report = try await connector.apply(at: Connector.day(2))
    #expect(report.targets[0].outcomes.map(\.outcome.word) == ["refused", "failed"])
    #expect(await target.members("cn=eng") == [])
    try await target.edit { directory throws(InMemoryDirectory.Refusal) in
      try directory.deleteAccount(ada)
    }
    #expect(try await connector.apply(at: Connector.day(3)).verdict == .converged)
    #expect(await target.directory.groups["cn=eng"]?.members == [ada])
  }

  @Test func `a run that was told to stop does not claim to be done`() async throws {
    source.answer([assignment("ada"), assignment("bob")])
    let (connector, target) = (connector, target)
    let run = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await connector.apply(at: Connector.day(0))
    }
    #expect(try await run.value.verdict == .partlyApplied)
    #expect(await target.writes == 0)
    #expect(try await connector.apply(at: Connector.day(0)).verdict == .converged)
  }
}

/// Somebody creates an account of the same name just before the changes arrive.
struct ThievingTarget: Target {
  let memory: InMemoryTarget
  let name: String

  var id: TargetID { memory.id }
  var traits: TargetTraits { memory.traits }

  func entitlementKey(for name: String) throws(TargetError) -> EntitlementKey {
    try memory.entitlementKey(for: name)
  }

  func readActualState(_ scope: ManagedScope) async throws(TargetError) -> ActualState {
    try await memory.readActualState(scope)
  }

  func apply(
    _ changes: [Change], progress: @Sendable (Progress) -> Void
  ) async throws(TargetError) -> [Outcome] {
    let key = InMemoryTarget.accountKey(uid: name)
    do {
      try await memory.edit { directory throws(InMemoryDirectory.Refusal) in
        try directory.addAccount(key, anchor: nil, attributes: [:])
      }
    } catch {}
    return try await memory.apply(changes, progress: progress)
  }
}

/// Can be read, and is gone when it is to be written.
struct UnreachableTarget: Target {
  let memory: InMemoryTarget

  var id: TargetID { memory.id }
  var traits: TargetTraits { memory.traits }

  func entitlementKey(for name: String) throws(TargetError) -> EntitlementKey {
    try memory.entitlementKey(for: name)
  }

  func readActualState(_ scope: ManagedScope) async throws(TargetError) -> ActualState {
    try await memory.readActualState(scope)
  }

  func apply(
    _ changes: [Change], progress: @Sendable (Progress) -> Void
  ) async throws(TargetError) -> [Outcome] {
    throw TargetError(target: id, disposition: .retryLater, message: "no connection")
  }
}
