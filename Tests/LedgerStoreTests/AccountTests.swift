import AccessModel
import LedgerStore
import Testing

@Suite struct AccountTests {
  let state: TemporaryState
  let ledger: LedgerStore
  let creation = Change.createAccount(
    account("ada"), [], because: Reason(assignments: [.partners("asn-1")]))
  let disabling = Change.disableAccount(
    account("ada", identity("ada")), .deactivate, because: expired)

  init() async throws {
    state = try TemporaryState()
    ledger = try await state.ledger()
  }

  private func owned(
    _ origin: Ownership.Origin, _ identity: AccountIdentity = identity("ada"),
    because: String = "asn-1", disabledAt: Instant? = nil, disabledBecause: Ending? = nil
  ) -> Ownership.Account {
    Ownership.Account(
      subject: "ada", identity: identity, origin: origin, because: [.partners(because)],
      disabledAt: disabledAt, disabledBecause: disabledBecause)
  }

  private func accounts() async throws -> [Ownership.Account] {
    try await ledger.ownership(of: "corp").accounts
  }

  @Test func `a creation that was never settled is known again, without an identity`() async throws
  {
    _ = try await ledger.intend([creation], target: "corp", run: "run-1", at: .nine)
    let nameless = AccountIdentity(key: "", immutableID: "")
    #expect(try await accounts() == [owned(.intended, nameless)])
  }

  @Test func `a creation that was refused leaves nothing`() async throws {
    try await ledger.carryOut([creation], .refused(reason: "no"))
    #expect(try await accounts().isEmpty)
  }

  @Test func `a created account has the identity it came with`() async throws {
    try await ledger.carryOut([creation], .applied(identity: identity("ada")))
    #expect(try await accounts() == [owned(.created)])
  }

  @Test func `an account found with our anchor while creating it is ours`() async throws {
    try await ledger.carryOut([creation], .alreadyInState(identity: identity("ada")))
    #expect(try await accounts() == [owned(.created)])
  }

  @Test func `an update refreshes the reasons and follows a move`() async throws {
    try await ledger.carryOut([creation], .applied(identity: identity("ada")))
    let update = Change.updateAccount(
      account("ada", identity("ada")), [], because: Reason(assignments: [.partners("asn-2")]))
    let moved = AccountIdentity(key: "uid=ada2", immutableID: "uuid-ada")
    try await ledger.carryOut([update], .applied(identity: moved))
    #expect(try await accounts() == [owned(.created, moved, because: "asn-2")])
  }

  @Test func `writing to an account we meant to create proves it ours`() async throws {
    try await ledger.carryOut([creation], .unknown(reason: "cut"))
    let update = Change.updateAccount(
      account("ada", identity("ada")), [], because: Reason(assignments: [.partners("asn-2")]))
    try await ledger.carryOut([update])
    #expect(try await accounts() == [owned(.created, because: "asn-2")])
  }

  @Test func `disabling keeps when and why, and enabling forgets it`() async throws {
    try await ledger.carryOut([creation], .applied(identity: identity("ada")))
    let moved = AccountIdentity(key: "uid=ada,ou=disabled", immutableID: "uuid-ada")
    try await ledger.carryOut([disabling], .applied(identity: moved), at: .minutes(1))
    #expect(
      try await accounts()
        == [owned(.created, moved, disabledAt: .minutes(1), disabledBecause: expired)])

    try await ledger.carryOut([disabling], .alreadyInState(identity: moved), at: .minutes(5))
    #expect(try await accounts().map(\.disabledAt) == [.minutes(1)])

    let enabling = Change.enableAccount(
      account("ada", moved), .deactivate, [],
      because: Reason(assignments: [.partners("asn-3")]))
    try await ledger.carryOut([enabling], .applied(identity: identity("ada")))
    #expect(try await accounts() == [owned(.created, because: "asn-3")])
  }

  @Test func `L6: the name that groups may list stays while a membership of it is left`()
    async throws
  {
    try await ledger.carryOut([creation], .applied(identity: identity("ada")))
    try await ledger.carryOut([addition("ada", to: "staff", because: "asn-1")])
    let moved = AccountIdentity(key: "uid=ada,ou=disabled", immutableID: "uuid-ada")
    try await ledger.carryOut([disabling], .applied(identity: moved))
    #expect(try await accounts().map(\.identity.key) == [identity("ada").key])
    try await ledger.carryOut([removal("ada", from: "staff", expired)])
    try await ledger.carryOut([disabling], .alreadyInState(identity: moved))
    #expect(try await accounts().map(\.identity.key) == [moved.key])
  }

  @Test func `a refused disabling leaves the account enabled`() async throws {
    try await ledger.carryOut([creation], .applied(identity: identity("ada")))
    try await ledger.carryOut([disabling], .refused(reason: "no"))
    #expect(try await accounts() == [owned(.created)])
  }

  @Test func `a deleted account is no longer owned`() async throws {
    try await ledger.carryOut([creation], .applied(identity: identity("ada")))
    try await ledger.carryOut(
      [.deleteAccount(account("ada", identity("ada")), because: expired)], .unknown(reason: "cut"))
    #expect(try await accounts().count == 1)
    try await ledger.carryOut([.deleteAccount(account("ada", identity("ada")), because: expired)])
    #expect(try await accounts().isEmpty)
    #expect(try sqlite(state.folder.ledger, "SELECT immutable_id FROM tombstone") == "uuid-ada\n")
  }

  @Test func `noting an account keeps it disabled`() async throws {
    try await ledger.carryOut([creation], .applied(identity: identity("ada")))
    try await ledger.carryOut([disabling], at: .minutes(1))
    try await ledger.note(
      [.account("ada", identity("ada"), origin: .adopted, because: [.partners("asn-7")])],
      target: "corp", run: "run-1")
    #expect(
      try await accounts() == [
        owned(.adopted, because: "asn-7", disabledAt: .minutes(1), disabledBecause: expired)
      ])
    try await ledger.note([.accountGone("ada")], target: "corp", run: "run-1")
    #expect(try await accounts().isEmpty)
  }

  @Test func `a created group is ours, and one recreated by others is not`() async throws {
    let creation = Change.createGroup("staff", because: Reason(assignments: [.partners("asn-1")]))
    func groups() async throws -> [Ownership.Group] {
      try await ledger.ownership(of: "corp").groups
    }
    try await ledger.carryOut([creation], .applied(groupID: "g-1"))
    try await ledger.carryOut([creation], .alreadyInState(groupID: "g-1"))
    #expect(try await groups() == [.init(key: "staff", immutableID: "g-1", origin: .created)])
    try await ledger.carryOut([creation], .alreadyInState(groupID: "g-2"))
    #expect(try await groups() == [.init(key: "staff", immutableID: "g-2", origin: .preExisting)])
  }
}
