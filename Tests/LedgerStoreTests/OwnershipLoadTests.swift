import AccessModel
import LedgerStore
import Testing

@Suite struct OwnershipLoadTests {
  @Test func `a hundred thousand memberships are read back, each with its reasons`() async throws {
    let state = try TemporaryState()
    let ledger = try await state.ledger()
    let count = 100_000
    let notes = (0..<count).map { number in
      // Neither groups nor subjects come in the order they are read back in.
      OwnershipNote.membership(
        EntitlementKey("cn=group-\(number * 7919 % 2000)"),
        SubjectID("subject-\(number / 2 * 104_729 % (count / 2))"),
        origin: number.isMultiple(of: 3) ? .preExisting : .created,
        because: [.partners("asn-\(number)"), .partners("asn-\(number / 2)")])
    }
    try await ledger.note(notes, target: "corp", run: "run-1")

    let clock = ContinuousClock()
    var ownership = Ownership(target: "corp")
    let elapsed = try await clock.measure { ownership = try await ledger.ownership(of: "corp") }
    #expect(elapsed < .seconds(30))

    #expect(ownership.memberships.count == count)
    #expect(ownership.groupKeys == ownership.groupKeys.sorted())
    #expect(ownership.subjects == ownership.subjects.sorted())
    let groups = Dictionary(uniqueKeysWithValues: zip(ownership.groupKeys, 0...))
    let subjects = Dictionary(uniqueKeysWithValues: zip(ownership.subjects, 0...))
    for note in notes.indices.filter({ $0.isMultiple(of: 997) }).map({ notes[$0] }) {
      guard case .membership(let group, let subject, let origin, let because) = note else {
        continue
      }
      let index = MembershipIndex(
        group: try #require(groups[group]),
        account: try #require(subjects[subject]))
      let row = try #require(ownership.memberships.position(of: index))
      #expect(ownership.origins[row] == origin)
      #expect(ownership.reasons[row] == because)
    }
  }
}
