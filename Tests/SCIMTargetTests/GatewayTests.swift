import AccessModel
import ConnectorTesting
import HTTPTransport
import SCIMTarget
import Synchronization
import Testing

/// What a real proxy before a real service does with too many requests, with too large ones, and
/// while the service is down.
@Suite(.serialized) struct GatewayTests: FillingTests {
  static let groups = (0..<4).map { EntitlementKey("Group \($0)") }

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
      #expect(try await fill(world, BriskClock(20)))
      let exchanges = try front.exchanges()
      let refusals = exchanges.count { $0.status == 429 }
      #expect(refusals > 0)
      #expect(refusals * 4 < exchanges.count)
      #expect(!exchanges.contains { $0.status == 409 })
      try await expectEverythingOnce(world)
    }
  }

  /// nginx at its default answers 503 to what comes too fast, and says no time to come back.
  @Test func `a limit that is told as an outage leaves nothing twice and ends in later runs`()
    async throws
  {
    let rules = HTTPFront.Rules(
      common: "limit_req_zone $http_authorization zone=all:1m rate=20r/s;",
      passing: "limit_req zone=all burst=2 nodelay;")
    try await withFrontedWorld(rules) { world, front in
      try await expectFilled(world, by: 10, BriskClock(20))
      #expect(try front.exchanges().contains { $0.status == 503 })
      #expect(try !front.exchanges().contains { $0.status == 409 })
    }
  }

  @Test(arguments: [true, false])
  func `requests that a proxy calls too large are cut, and their size is remembered`(
    speaksHTTP2: Bool
  ) async throws {
    let rules = HTTPFront.Rules(common: "client_max_body_size 2k;", speaksHTTP2: speaksHTTP2)
    try await withFrontedWorld(rules) { world, front in
      try await expectFilled(world, by: 1, bulk: nil)
      let refused = try front.exchanges().filter { $0.status == 413 }
      #expect(!refused.isEmpty)
      #expect(refused.allSatisfy { !$0.isPassed && $0.path.hasSuffix("/Bulk") })
      // Three at once may each be told; then it is known.
      #expect(refused.count <= 9)
      world.transport.forget()
      #expect(try await fill(world, HastyClock(), bulk: nil))
      #expect(world.transport.writes.isEmpty)
    }
  }

  @Test func `one request that is too large is told with its size, and the others are done`()
    async throws
  {
    let rules = HTTPFront.Rules(common: "client_max_body_size 2k;")
    try await withFrontedWorld(rules) { world, _ in
      _ = try await world.read([])
      let long = String(repeating: "x", count: 3000)
      let outcomes = try await world.apply(
        [world.creation("ada"), world.creation("bob", ["title": [long]]), world.creation("cyd")])
      #expect(outcomes.map(\.word) == ["applied", "refused", "applied"])
      let words = try #require(outcomes[1].detail)
      #expect(words.hasPrefix("POST /v2/Users: 413: Request Entity Too Large; the request has 31"))
      #expect(words.hasSuffix(" bytes, more than the service, or a proxy before it, takes"))
    }
  }

  @Test(arguments: [1, 20])
  func `a service that goes down behind its proxy is told so, and then everything is there once`(
    strike: Int
  ) async throws {
    try await withFrontedWorld(.init(), .django) { world, front in
      world.server.crash()
      let failure = await #expect(throws: TargetError.self) { try await world.read([]) }
      #expect(failure?.message.contains("502: Bad Gateway") == true)
      #expect(failure?.message.contains("<") == false)
      try await world.server.restart()
      at(strike, of: world) { world.server.crash() }
      #expect(try await !fill(world, HastyClock()))
      try await world.server.restart()
      try await expectFilled(world, by: 3)
      #expect(try !front.exchanges().contains { $0.status == 409 })
    }
  }

  @Test(arguments: [1, 20, 31])
  func `an answer that a proxy did not wait for is looked for, and nothing is made twice`(
    strike: Int
  ) async throws {
    try await withSCIMServer { server in
      try await withFaultProxy(.http, before: server.url.port) { proxy in
        let rules = HTTPFront.Rules(passing: "proxy_read_timeout 3s;")
        try await withHTTPFront(before: proxy.port, rules) { front in
          let world = try await SCIMWorld(server, behind: front)
          // Five requests of discovery and reading go before the first write.
          try await proxy.set(.init("silence", on: .reply, step: 5 + strike, at: .first))
          try await expectFilled(world, by: 2)
          #expect(try front.exchanges().contains { $0.status == 504 })
          #expect(try !front.exchanges().contains { $0.status == 409 })
        }
      }
    }
  }

  @Test(arguments: [true, false])
  func `compressed and chunked answers are read like any`(speaksHTTP2: Bool) async throws {
    let rules = HTTPFront.Rules(
      passing: """
        gzip on; gzip_types *; gzip_min_length 0; gzip_proxied any; gzip_http_version 1.0;
        proxy_buffering off; chunked_transfer_encoding on;
        """, speaksHTTP2: speaksHTTP2)
    try await withFrontedWorld(rules) { world, _ in
      let encodings = Mutex(Set<String?>())
      world.transport.bend { request, response in
        if request.method == .get {
          encodings.withLock { _ = $0.insert(response["Content-Encoding"]) }
        }
        return response
      }
      try await expectFilled(world, by: 1, bulk: nil)
      #expect(encodings.withLock { $0 } == ["gzip"])
    }
  }
}
