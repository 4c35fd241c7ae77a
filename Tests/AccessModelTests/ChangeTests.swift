import AccessModel
import Foundation
import Testing

struct ChangeTests {
  private static let reference = AssignmentReference(source: "partners", id: "asn-41")
  private static let reason = Reason(assignments: [reference])
  private static let end = Instant(microseconds: 1_768_176_000_000_000)
  private static let endings: [Ending] = [
    .expired(reference, end: end), .revoked(reference, state: "expired", seen: end),
    .absent(reference, missingSince: end, confirmed: end), .unmapped(live: [reference]),
    .operator(name: "op", reason: "asked"),
  ]

  private static func account(_ name: String) -> AccountReference {
    AccountReference(
      subject: SubjectID(name), displayName: name,
      identity: AccountIdentity(key: AccountKey("uid=\(name)"), immutableID: "id-\(name)"))
  }

  private static func membership(_ group: EntitlementKey, _ name: String) -> Membership {
    Membership(group: group, groupID: "g1", account: account(name))
  }

  /// In the order in which they are to be applied.
  private static let ordered: [Change] = [
    .removeMember(membership("b", "ada"), because: endings[0]),
    .removeMember(membership("c", "ada"), because: endings[1]),
    .createAccount(account("ada"), [], because: reason),
    .updateAccount(account("ada"), [], because: reason),
    .enableAccount(account("bob"), .deactivate, [], because: reason),
    .createGroup("a", because: reason),
    .addMember(membership("a", "bob"), because: reason),
    .addMember(membership("b", "ada"), because: reason),
    .removeMember(membership("a", "eve"), because: endings[2]),
    .removeMember(membership("b", "ada"), because: endings[3]),
    .removeMember(membership("c", "bob"), because: endings[4]),
    .disableAccount(account("ada"), .deactivate, because: endings[0]),
    .deleteAccount(account("ada"), because: endings[0]),
  ]

  @Test func `what ends by itself goes first, and accounts go last`() {
    #expect(Self.ordered.reversed().sorted() == Self.ordered)
    #expect(
      Self.ordered.map(\.phase).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
        == Change.Phase.allCases)
  }

  @Test(arguments: zip(Cause.allCases, [true, true, false, false, true]))
  func `only expiry, revocation and an operator's word stand alone`(cause: Cause, alone: Bool) {
    #expect(cause.standsAlone == alone)
    #expect(Self.endings.contains { $0.cause == cause })
  }

  @Test func `an ending tells its evidence`() {
    #expect(
      Self.endings.map(\.assignment) == [Self.reference, Self.reference, Self.reference, nil, nil])
    #expect(Self.endings.map(\.instant) == [Self.end, Self.end, Self.end, nil, nil])
    #expect(
      Self.endings.map(\.description) == [
        "expired 2026-01-12T00:00:00Z, partners/asn-41",
        "revoked as expired, read 2026-01-12T00:00:00Z, partners/asn-41",
        "absent since 2026-01-12T00:00:00Z, partners/asn-41",
        "unmapped, though partners/asn-41 is live",
        "operator op: asked",
      ])
    #expect(Ending.unmapped(live: []).description == "unmapped")
  }

  @Test func `a change takes its reason or its ending, never both`() {
    for change in Self.ordered {
      #expect((change.reason == nil) != (change.ending == nil))
      #expect(change.account != nil || change.group != nil)
    }
  }

  @Test(arguments: ordered)
  func `a change survives being written down`(change: Change) throws {
    let data = try JSONEncoder().encode(change)
    #expect(try JSONDecoder().decode(Change.self, from: data) == change)
  }

  @Test(arguments: [
    ("delivered", AssignmentState.delivered), ("Delivered", .delivered),
    ("PARTIALLYDELIVERED", .partiallyDelivered), ("deliveryFailed", .deliveryFailed),
    ("unknownFutureValue", nil), ("", nil), (" delivered", nil),
  ])
  func `a state is read without regard to case, and no other word is`(
    wire: String, state: AssignmentState?
  ) {
    #expect(AssignmentState(wire: wire) == state)
  }

  @Test func `a reading with an undecodable record is never complete`() {
    let record = UndecodableRecord(location: "a.json:3", field: "state", reason: "unknown")
    func coverage(_ claimed: Coverage, _ undecodable: [UndecodableRecord]) -> Coverage {
      AssignmentReading(
        source: "s", subjects: [], packages: [], assignments: [], undecodable: undecodable,
        coverage: claimed
      ).coverage
    }
    #expect(coverage(.complete, []) == .complete)
    #expect(coverage(.complete, [record]) == .partial(reason: "1 undecodable record(s)"))
    #expect(coverage(.partial(reason: "page 3"), [record]) == .partial(reason: "page 3"))
  }
}
