import ConnectorTesting
import Testing

struct ManualClockTests {
  @Test func `a sleeper wakes when the clock has been moved far enough`() async throws {
    let clock = ManualClock()
    let sleeper = Task { try await clock.sleep(for: .seconds(10)) }
    try await clock.sleepers(atLeast: 1)
    clock.advance(by: .seconds(9))
    #expect(clock.sleeping == 1)
    clock.advance(by: .seconds(1))
    try await sleeper.value
    #expect(clock.slept == [.seconds(10)])
  }

  @Test func `a cancelled sleeper wakes with an error`() async throws {
    let clock = ManualClock()
    let sleeper = Task { try await clock.sleep(for: .seconds(10)) }
    try await clock.sleepers(atLeast: 1)
    sleeper.cancel()
    await #expect(throws: CancellationError.self) { try await sleeper.value }
    #expect(clock.sleeping == 0)
  }

  @Test func `sleeping may move the clock by itself`() async throws {
    let clock = ManualClock(advancesBySleeping: true)
    try await clock.sleep(for: .seconds(1))
    try await clock.sleep(for: .seconds(2))
    #expect(clock.slept == [.seconds(1), .seconds(2)])
    #expect(clock.now.offset == .seconds(3))
  }
}
