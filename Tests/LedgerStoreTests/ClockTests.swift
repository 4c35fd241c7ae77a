import AccessModel
import LedgerStore
import Testing

@Suite struct ClockTests {
  let state: TemporaryState

  init() throws { state = try TemporaryState() }

  private func record(
    _ minute: Int, _ standing: ClockStanding, instant: Int? = nil
  ) -> ClockRecord {
    ClockRecord(
      reading: ClockReading(
        wall: .minutes(minute), sinceBoot: .milliseconds(minute * 60_000 + 1), boot: "first"),
      standing: standing, instant: .minutes(instant ?? minute))
  }

  @Test func `a fresh ledger knows nothing of the clock`() async throws {
    #expect(try await state.open().clockHistory() == nil)
  }

  @Test func `T3: a reading in doubt is remembered and is never the highest instant`() async throws
  {
    let ledger = try state.open()
    try await ledger.recordClock(record(1, .sound))
    try await ledger.recordClock(record(9_000, .doubted(reason: "it jumped"), instant: 1))
    try await ledger.recordClock(record(9_001, .doubted(reason: "it jumped"), instant: 1))
    var history = try await ledger.clockHistory()
    #expect(history?.base == record(1, .sound).reading)
    #expect(history?.highest == .minutes(1))
    #expect(history?.doubted?.wall == .minutes(9_001))

    try await ledger.recordClock(record(5, .sound))
    history = try await ledger.clockHistory()
    #expect(history?.highest == .minutes(5))
    #expect(history?.doubted == nil)
  }

  @Test(arguments: [
    ClockStanding.verified(by: "wiki"), .released(by: "ada", reason: "the battery was empty"),
  ])
  func `T3: what a server or a person vouches for may be earlier than what was believed`(
    standing: ClockStanding
  ) async throws {
    let ledger = try state.open()
    try await ledger.recordClock(record(9_000, .sound))
    try await ledger.recordClock(record(3, standing))
    let history = try await state.open().clockHistory()
    #expect(history?.base.wall == .minutes(3))
    #expect(history?.highest == .minutes(3))
  }
}
