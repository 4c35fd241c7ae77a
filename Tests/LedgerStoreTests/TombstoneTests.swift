import AccessModel
import LedgerStore
import Testing

/// What was ours and ended is known again, should a backup bring it back.
@Suite struct TombstoneTests {
  let state: TemporaryState
  let ledger: LedgerStore

  init() async throws {
    state = try TemporaryState()
    ledger = try await state.ledger()
  }

  private func ended() async throws -> [String] {
    try await ledger.ownership(of: "corp").tombstones.memberships.map { row in
      "\(row.group) \(row.subject) \(row.origin) \(row.because.map(\.id.rawValue)) "
        + "\(row.changedAt.map { "\($0.since(.nine).components.seconds)" } ?? "?")"
    }
  }

  @Test func `a removal leaves why the thing was held and when its group was changed`() async throws
  {
    try await ledger.carryOut([addition("ada", to: "staff", because: "asn-1", "asn-2")])
    #expect(try await ended() == [])
    try await ledger.carryOut(
      [removal("ada", from: "staff", expired)], .applied(changedAt: .nine.adding(.seconds(7))))
    #expect(try await ended() == [#"staff ada created ["asn-1", "asn-2"] 7"#])
    let row = try await ledger.ownership(of: "corp").tombstones.memberships[0]
    #expect(row.isAfter(.nine.adding(.seconds(6))))
    #expect(!row.isAfter(.nine.adding(.seconds(7))))
    #expect(!row.isAfter(nil))
  }

  @Test func `only the last end counts, and none while the thing is ours`() async throws {
    let ada = addition("ada", to: "staff", because: "asn-1")
    for second in [3, 9] {
      try await ledger.carryOut([ada])
      #expect(try await ended() == [])
      try await ledger.note(
        [.membershipGone("staff", "ada", changedAt: .nine.adding(.seconds(second)))],
        target: "corp", run: "run-1")
      #expect(try await ended() == [#"staff ada created ["asn-1"] \#(second)"#])
    }
    #expect(try await ledger.ownership(of: "wiki").tombstones.memberships.isEmpty)
  }

  @Test func `what was found or was never seen to be there is not ours when it comes back`()
    async throws
  {
    try await ledger.note(
      [.membership("staff", "kim", origin: .preExisting, because: [.partners("asn-9")])],
      target: "corp", run: "run-1")
    try await ledger.carryOut(
      [addition("lee", to: "staff", because: "asn-3")], .unknown(reason: "cut"))
    try await ledger.note(
      [.membershipGone("staff", "kim"), .membershipGone("staff", "lee")], target: "corp",
      run: "run-1")
    #expect(try await ended() == [])
  }

  @Test func `a deleted account is known by its name and its immutable id`() async throws {
    try await ledger.carryOut(
      [.createAccount(account("bob"), [], because: Reason(assignments: [.partners("a")]))],
      .applied(identity: identity("bob")))
    try await ledger.carryOut(
      [.deleteAccount(account("bob", identity("bob")), because: expired)], at: .minutes(5))
    #expect(
      try await ledger.ownership(of: "corp").tombstones.accounts
        == [
          Tombstones.Account(
            subject: "bob", identity: identity("bob"), origin: .created,
            because: [.partners("a")], endedAt: .minutes(5))
        ])
  }

  @Test func `a hundred thousand ends are read in seconds`() async throws {
    let count = 100_000
    let notes = (0..<count).map { number in
      (EntitlementKey("cn=group-\(number % 500)"), SubjectID("subject-\(number / 2)"), number)
    }
    try await ledger.note(
      notes.map { group, subject, number in
        .membership(group, subject, origin: .created, because: [.partners("asn-\(number)")])
      }, target: "corp", run: "run-1")
    try await ledger.note(
      notes.map { group, subject, _ in .membershipGone(group, subject, changedAt: .nine) },
      target: "corp", run: "run-1")
    let clock = ContinuousClock()
    var tombstones = Tombstones()
    let elapsed = try await clock.measure {
      tombstones = try await ledger.ownership(of: "corp").tombstones
    }
    print("tombstones: \(count) in \(elapsed)")
    #expect(tombstones.memberships.count == count)
    #expect(elapsed < .seconds(20))
  }
}
