import AccessModel
import LedgerStore
import Testing

@Suite struct ApprovalTests {
  let state: TemporaryState
  let ledger: LedgerStore
  let approval = Approval(digest: "3f9c", name: "ada", reason: "reviewed", at: .nine)

  init() async throws {
    state = try TemporaryState()
    ledger = try await state.ledger()
  }

  @Test(arguments: [(0, true), (24 * 60 - 1, true), (24 * 60, false), (24 * 60 + 1, false)])
  func `an approval is good for a day`(minutes: Int, isValid: Bool) async throws {
    try await ledger.approve(approval)
    let found = try await ledger.approval(of: "3f9c", now: .minutes(minutes))
    #expect(found == (isValid ? approval : nil))
  }

  @Test func `an approval is for one digest`() async throws {
    try await ledger.approve(approval)
    #expect(try await ledger.approval(of: "3f9", now: .nine) == nil)
  }

  @Test func `an approval is used once`() async throws {
    try await ledger.approve(approval)
    try await ledger.useApproval(of: "3f9c", run: "run-1")
    #expect(try await ledger.approval(of: "3f9c", now: .nine) == nil)
    await #expect(throws: LedgerError.self) {
      try await ledger.useApproval(of: "3f9c", run: "run-1")
    }
  }

  @Test func `a used approval can be given anew`() async throws {
    try await ledger.approve(approval)
    try await ledger.useApproval(of: "3f9c", run: "run-1")
    let again = Approval(digest: "3f9c", name: "bob", reason: "still so", at: .minutes(5))
    try await ledger.approve(again)
    #expect(try await ledger.approval(of: "3f9c", now: .minutes(6)) == again)
  }
}
