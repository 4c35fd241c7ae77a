import AccessModel
import Planning
import Testing

@Suite struct QuarantineTests {
  private static let start = Instant(CivilTime(year: 2026, month: 11, day: 21))

  private func creation(_ subject: SubjectID) -> Change {
    .createAccount(
      AccountReference(subject: subject, displayName: nil, identity: nil), [],
      because: Reason(assignments: []))
  }

  private func addition(_ subject: SubjectID) -> Change {
    .addMember(
      Membership(
        group: "g", groupID: "id",
        account: AccountReference(subject: subject, displayName: nil, identity: nil)),
      because: Reason(assignments: []))
  }

  /// What a target's troubles are after runs of these outcomes, `minutes` apart.
  private func troubles(
    _ runs: [[(change: Change, outcome: Outcome)]], minutes: Int = 20, before: [Trouble] = []
  ) -> [Trouble] {
    var troubles = before
    for (number, outcomes) in runs.enumerated() {
      troubles = Quarantine.troubles(
        before: troubles, target: "corp", outcomes: outcomes, setAside: [],
        at: Self.start.adding(.seconds(60 * minutes * number)))
    }
    return troubles
  }

  private static let no = Outcome.refused(reason: "object class violation")

  @Test(arguments: [(4, 60, false), (5, 14, false), (5, 15, true), (6, 15, true)])
  func `a subject is set aside after five failures in a row over an hour`(
    runs: Int, minutes: Int, isSetAside: Bool
  ) {
    let refused = [(change: creation("ada"), outcome: Self.no), (addition("bob"), .applied())]
    let after = troubles(Array(repeating: refused, count: runs), minutes: minutes)
    #expect(after.map(\.subject) == ["ada"])
    #expect(after.map(\.failures) == [runs])
    #expect((after.first?.quarantinedAt != nil) == isSetAside)
  }

  @Test func `one success forgives a subject that is not set aside yet`() {
    let refused = [(change: creation("ada"), outcome: Self.no), (addition("bob"), .applied())]
    let done = [(change: creation("ada"), outcome: Outcome.applied())]
    #expect(troubles(Array(repeating: refused, count: 4) + [done]) == [])
    let after = troubles(Array(repeating: refused, count: 4) + [done, refused])
    #expect(after.map(\.failures) == [1])
  }

  @Test func `a group that refuses sets no subject aside`() {
    let refused = [
      (change: addition("ada"), outcome: Self.no), (creation("bob"), Outcome.applied()),
    ]
    #expect(troubles(Array(repeating: refused, count: 9)) == [])
  }

  @Test func `a target that stops run after run is set aside`() {
    let stopped = [
      (change: addition("ada"), outcome: Outcome.failed(.stopTarget, reason: "it removed others"))
    ]
    let after = troubles(Array(repeating: stopped, count: 5))
    #expect(after.map(\.subject) == [nil])
    #expect(after.first?.quarantinedAt != nil)
    #expect(after.first?.advice.contains("bellhop release corp --reason") ?? false)
  }

  @Test(arguments: [(2, false), (3, true)])
  func `a target that refuses all of three writes or more fails`(count: Int, fails: Bool) {
    let refused = (0..<count).map { (change: addition(SubjectID("s\($0)")), outcome: Self.no) }
    #expect(troubles([refused]).isEmpty == !fails)
  }

  @Test func `a target that is down is not set aside`() {
    let down = [
      (change: creation("ada"), outcome: Outcome.failed(.retryLater, reason: "no answer")),
      (addition("bob"), .unknown(reason: "no answer")),
    ]
    #expect(troubles(Array(repeating: down, count: 50)) == [])
  }

  @Test func `only a release lifts what is set aside`() {
    let set = Trouble(
      target: "corp", subject: "ada", failures: 5, firstAt: Self.start, lastAt: Self.start,
      quarantinedAt: Self.start, reason: "no")
    let whole = Trouble(
      target: "corp", subject: nil, failures: 5, firstAt: Self.start, lastAt: Self.start,
      quarantinedAt: Self.start, reason: "no")
    let fine = [(change: addition("ada"), outcome: Outcome.applied())]
    #expect(troubles([fine, []], before: [whole, set]) == [whole, set])
  }
}
