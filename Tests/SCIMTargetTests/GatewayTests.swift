import AccessModel
import ConnectorTesting
import HTTPTransport
import JSON
import SCIMTarget
import Testing

/// What a real proxy before a real service does with too many requests, with too large ones, and
/// while the service is down.
@Suite(.serialized) struct GatewayTests {
  private static let subjects = (0..<30).map { SubjectID("s\($0)") }
  private static let groups = (0..<4).map { EntitlementKey("Group \($0)") }

  /// At 20 requests a second, whose time passes as twenty seconds.
  private static func limits(_ answer: String) -> HTTPFront.Rules {
    HTTPFront.Rules(
      common: "limit_req_zone $http_authorization zone=all:1m rate=20r/s; limit_req_status 429;",
      passing: "limit_req zone=all burst=2 nodelay; \(answer)",
      others: "location @later { add_header Retry-After 2 always; return 429 '<p>Later</p>'; }")
  }

  @Test(arguments: ["", "error_page 429 = @later;"])
  func `a limit of requests is kept to by all requests together, and nothing is done twice`(
    answer: String
  ) async throws {
    try await withFrontedWorld(Self.limits(answer)) { world, front in
      let isDone = try await fill(world, BriskClock(20))
      let exchanges = try front.exchanges()
      print("LIMIT", answer, isDone, exchanges.count, exchanges.count { $0.status == 429 })
      #expect(isDone)
      #expect(exchanges.contains { $0.status == 429 })
      #expect(!exchanges.contains { $0.status == 409 })
      #expect(exchanges.count { $0.status == 429 } * 4 < exchanges.count)
      try await expectEverythingOnce(world)
    }
  }

  private func fill(_ world: SCIMWorld, _ clock: any Clock<Duration>, bulk: Bool? = false)
    async throws -> Bool
  {
    try await world.fill(Self.subjects, Self.groups, over: world.transport, clock: clock) {
      var dialect = Dialect("auto")
      dialect.bulk = bulk
      $0.dialect = dialect
    }
  }

  private func expectEverythingOnce(_ world: SCIMWorld) async throws {
    let (users, groups) = try await world.contents()
    #expect(users == Self.subjects.map(\.rawValue).sorted())
    #expect(groups.count == Self.groups.count)
    #expect(groups.values.allSatisfy { $0 == [Self.subjects.count] })
  }
}
