import AccessModel
import ConnectorTesting
import HTTPTransport
import SCIMTarget
import Synchronization
import Testing

/// Tests in which thirty subjects come into all of some groups, whatever stands before the service.
protocol FillingTests {
  static var groups: [EntitlementKey] { get }
}

extension FillingTests {
  private static var subjects: [SubjectID] { (0..<30).map { SubjectID("s\($0)") } }

  /// Lets something happen as soon as so many writes were answered.
  func at(
    _ strike: Int, of world: SCIMWorld, _ happen: @escaping @Sendable () -> Void
  ) {
    let answered = Mutex(0)
    world.transport.bend { request, response in
      let isStruck =
        request.method != .get
        && answered.withLock { count in
          count += 1
          return count == strike
        }
      if isStruck { happen() }
      return response
    }
  }

  /// Everything is there once, after so many runs at most.
  func expectFilled(
    _ world: SCIMWorld, by most: Int, _ clock: any Clock<Duration> = HastyClock(),
    bulk: Bool? = false
  ) async throws {
    var runs = 1
    while try await !fill(world, clock, bulk: bulk) {
      runs += 1
      try #require(runs <= most)
    }
    try await expectEverythingOnce(world)
  }

  /// One run; whether it has done everything.
  func fill(
    _ world: SCIMWorld, _ clock: any Clock<Duration> = HastyClock(), bulk: Bool? = false
  ) async throws -> Bool {
    try await world.fill(Self.subjects, Self.groups, over: world.transport, clock: clock) {
      var dialect = Dialect("auto")
      dialect.bulk = bulk
      $0.dialect = dialect
    }
  }

  func expectEverythingOnce(_ world: SCIMWorld) async throws {
    let (users, groups) = try await world.contents()
    #expect(users == Self.subjects.map(\.rawValue).sorted())
    #expect(groups.count == Self.groups.count)
    #expect(groups.values.allSatisfy { $0 == [Self.subjects.count] })
  }
}
