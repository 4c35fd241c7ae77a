import AccessModel
import ConnectorTesting
import Planning
import Reconciling
import Testing

/// Groups list an account by a name that it has no more, and the removal of that name does not succeed at
/// once.
struct RenamedAccountTests {
  private let source = FakeSource(id: "partners")
  private let target = InMemoryTarget(groups: ["cn=eng", "cn=ops"])
  private let connector: Connector
  private let former = InMemoryTarget.accountKey(uid: "ada")

  init() throws {
    connector = try Connector(source, target)
  }

  private func lists(_ key: AccountKey) async -> Bool {
    await target.directory.groups["cn=eng"]?.members.contains(key) ?? false
  }

  @Test(arguments: 1...3)
  func `L6: a former name is not forgotten by a run that updates the account and is cut off`(
    write: Int
  ) async throws {
    source.answer([assignment("ada")])
    try await connector.apply(at: Connector.day(0))
    let (old, new) = (former, InMemoryTarget.accountKey(uid: "ada2"))
    try await target.edit { directory throws(InMemoryDirectory.Refusal) in
      try directory.moveAccount(old, to: new)
    }
    source.answer([assignment("ada", email: "new@example.org")])
    await target.set(.init(cutAtWrite: write))
    try await connector.apply(at: Connector.day(1))
    await target.set(.init())
    for day in 2...3 { try await connector.apply(at: Connector.day(day)) }
    #expect(await !lists(former))
    #expect(await target.members("cn=eng") == ["ada2"])
  }

  @Test func `L6: a name that we change ourselves is remembered while a removal is held`()
    async throws
  {
    connector.change {
      $0.mapping = Connector.mapping.replacing(
        "disable: { set: { employeeType: disabled } }",
        with: "disable: { moveTo: 'ou=off,dc=test' }")
    }
    let others = (1...4).map { SubjectID("s\($0)") }
    let end = Connector.day(5)
    source.answer(
      [assignment("ada"), assignment("ada", "Operations", end: end)] + others.map { assignment($0) }
    )
    try await connector.apply(at: Connector.day(0))
    // Everybody is missing: the limits hold what follows from that. Then ada's last assignment ends.
    source.answer([assignment("ada", "Operations", end: end)])
    let held = try await connector.apply(at: Connector.day(4))
    #expect(held.verdict == .heldByLimits)
    let report = try await connector.apply(at: Connector.day(6))
    #expect(await lists(former))
    if let digest = report.targets[0].approved?.heldDigest?.description {
      try await connector.approve(digest, at: Connector.day(6))
    }
    for day in 6...8 {
      let next = try await connector.apply(at: Connector.day(day))
      if let digest = next.targets[0].approved?.heldDigest?.description {
        try await connector.approve(digest, at: Connector.day(day))
      }
    }
    #expect(await !lists(former))
    #expect(await target.members("cn=eng") == [])
  }
}
