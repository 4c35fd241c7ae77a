import ConnectorTesting
import HTTPTransport
import JSON
import SCIMClient
import Synchronization
import Testing

@Suite struct PacingTests {
  private let user = #"{"id":"7","userName":"ada"}"#

  @Test func `writes beyond the burst are spaced, and readings are not`() async throws {
    let clock = RecordingClock()
    let text = user
    let scim = try provider(StubTransport { _ in answer(200, text) }, clock: clock)
    scim.limit(writes: Rate(perMinute: 60, burst: 3))
    for _ in 0..<5 { _ = try await scim.create(.user, ["userName": "ada"], .init()) }
    #expect(clock.slept == [.seconds(1), .seconds(1)])
    for _ in 0..<5 { _ = try await scim.get(.user, id: "7", .init()) }
    #expect(clock.slept.count == 2)
  }

  @Test func `changes of groups have a pace of their own where they must`() async throws {
    let clock = RecordingClock()
    let text = user
    let scim = try provider(StubTransport { _ in answer(200, text) }, clock: clock)
    scim.limit(groupWrites: Rate(perMinute: 10, burst: 1))
    for _ in 0..<3 { _ = try await scim.create(.user, ["userName": "ada"], .init()) }
    #expect(clock.slept.isEmpty)
    for _ in 0..<3 {
      _ = try await scim.patch(.group, id: "g", [.replace("displayName", "x")], .init())
    }
    #expect(clock.slept == [.seconds(6), .seconds(6)])
  }

  @Test func `the first refusal holds back every request`() async throws {
    let times = Mutex<[ContinuousClock.Instant]>([])
    let text = user
    let transport = StubTransport { _ in
      let isFirst = times.withLock { times in
        times.append(.now)
        return times.count == 1
      }
      return isFirst ? answer(429, "slow", ["Retry-After": "4"]) : answer(200, text)
    }
    let scim = try provider(transport, clock: ContinuousClock())
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { _ = try await scim.get(.user, id: "7", .init()) }
      while times.withLock({ $0.isEmpty }) { await Task.yield() }
      try await Task.sleep(for: .seconds(2))
      for _ in 0..<4 {
        group.addTask { _ = try await scim.create(.user, ["userName": "ada"], .init()) }
      }
      try await group.waitForAll()
    }
    let all = times.withLock { $0 }
    #expect(all.count == 6)
    #expect(all.dropFirst().allSatisfy { $0 - all[0] > .milliseconds(3_950) })
  }
}
