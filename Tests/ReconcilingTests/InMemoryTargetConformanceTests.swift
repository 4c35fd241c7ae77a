import AccessModel
import ConnectorTesting
import Testing

struct InMemoryTargetConformanceTests {
  @Test(arguments: TargetConformance.cases)
  func `the in-memory target conforms`(_ example: TargetConformance.Case) async throws {
    try await example.run(InMemoryHarness())
  }

  @Test(arguments: TargetConformance.cases)
  func `it conforms when groups need a member`(_ example: TargetConformance.Case) async throws {
    try await example.run(InMemoryHarness(groupsNeedMember: true))
  }

  @Test(arguments: TargetConformance.cases)
  func `it conforms when disabling moves the account`(
    _ example: TargetConformance.Case
  ) async throws {
    try await example.run(InMemoryHarness(disableRule: .moveTo("ou=disabled,dc=test")))
  }

  @Test(arguments: TargetConformance.cases)
  func `it conforms when members are refused`(_ example: TargetConformance.Case) async throws {
    try await example.run(InMemoryHarness(refusesMemberInGroup: true))
  }

  /// However many entries come before the connection is lost: never empty, never whole.
  @Test(arguments: 0..<5)
  func `it conforms when cut after some entries`(_ entries: Int) async throws {
    let cutting = TargetConformance.cases.filter {
      $0.description == "a cut connection never reads as empty"
    }
    #expect(cutting.count == 1)
    for example in cutting {
      try await example.run(InMemoryHarness(cut: .init(reading: .partial(entries: entries))))
    }
  }
}

/// Targets that break one promise each: the suite must find every one of them.
struct TargetConformanceCatchesTests {
  @Test(arguments: Breakage.allCases)
  func `the suite finds a target that`(_ breakage: Breakage) async throws {
    var failed: [String] = []
    for example in TargetConformance.cases {
      do {
        try await example.run(InMemoryHarness(breakage: breakage))
      } catch is ConformanceFailure {
        failed.append(example.description)
      }
    }
    #expect(failed.contains(breakage.rawValue), "failed: \(failed)")
  }
}

struct InMemoryTargetTests {
  private let target = InMemoryTarget(directory: InMemoryDirectory(groups: ["staff"]))
  private let because = Reason(assignments: [.init(source: "s", id: "a")])

  private func creations(_ names: [String]) -> [Change] {
    names.map { name in
      .createAccount(
        AccountReference(subject: SubjectID(name), displayName: nil, identity: nil),
        [AttributeChange(name: "uid", before: [], after: [name])], because: because)
    }
  }

  @Test(arguments: [(false, 1), (true, 2)])
  func `the connection is lost at the n-th write`(
    takesEffect: Bool, accounts: Int
  ) async throws {
    await target.set(.init(cutAtWrite: 2, cutAfterEffect: takesEffect))
    let outcomes = try await target.apply(creations(["ada", "bob", "eve"])) { _ in }
    #expect(outcomes.map(\.word) == ["applied", "unknown", "failed"])
    #expect(await target.directory.accounts.count == accounts)
    await #expect(throws: TargetError.self) {
      try await target.readActualState(ManagedScope(groups: [], attributes: [], disable: nil))
    }
  }

  @Test func `an account that is somebody else's is refused with result 68`() async throws {
    try await target.edit { directory throws(InMemoryDirectory.Refusal) in
      try directory.addAccount(
        InMemoryTarget.accountKey(uid: "ada"), anchor: nil, attributes: ["uid": ["ada"]])
    }
    let outcomes = try await target.apply(creations(["ada"])) { _ in }
    #expect(outcomes == [.refused(reason: "result 68 (entryAlreadyExists)")])
    #expect(await target.writes == 1)
  }
}
