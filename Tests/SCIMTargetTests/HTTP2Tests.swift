import AccessModel
import ConnectorTesting
import HTTPTransport
import SCIMTarget
import Testing

/// Streams and connections of HTTP/2 that end before their time, at a real front before a real
/// service, which would make a group twice without a word.
@Suite(.serialized) struct HTTP2Tests: FillingTests {
  static let groups = (0..<6).map { EntitlementKey("Group \($0)") }

  @Test func `requests that run at once are streams of one connection`() async throws {
    try await withFrontedWorld { world, front in
      #expect(try await fill(world))
      let exchanges = try front.exchanges()
      #expect(Set(exchanges.map(\.version)) == ["HTTP/2.0"])
      #expect(Set(exchanges.map(\.connection)).count == 1)
      let writes = exchanges.filter { $0.method == "POST" }
      #expect(zip(writes, writes.dropFirst()).contains { $0.time.overlaps($1.time) })
      try await expectEverythingOnce(world)
    }
  }

  /// Each with what makes it happen all the time.
  private static let rules: [String: HTTPFront.Rules] = [
    "one stream at a time": .init(common: "http2_max_concurrent_streams 1;"),
    "GOAWAY after every five requests": .init(common: "keepalive_requests 5;"),
    "pages in small pieces": .init(common: "http2_chunk_size 64; http2_body_preread_size 0;"),
  ]

  /// A stream that the front ignores since it is ending the connection looks like any lost answer,
  /// and is not sent again in the same run.
  @Test(arguments: rules.keys.sorted())
  func `a front with its own mind about connections loses nothing and makes nothing twice`(
    name: String
  ) async throws {
    try await withFrontedWorld(try #require(Self.rules[name])) { world, front in
      try await expectFilled(world, by: 8)
      let conflicts = try front.exchanges().count { $0.status == 409 }
      #expect(conflicts == 0)
    }
  }

  @Test(arguments: [1, 12, 31])
  func `a front that reloads in the middle of a run loses nothing and makes nothing twice`(
    strike: Int
  ) async throws {
    try await withFrontedWorld { world, front in
      at(strike, of: world) { front.reload() }
      try await expectFilled(world, by: 2)
      #expect(Set(try front.exchanges().map(\.connection)).count > 1)
    }
  }

  @Test(arguments: [1, 12, 31])
  func `a front that ends in the middle of a run and comes back leaves nothing twice`(strike: Int)
    async throws
  {
    try await withFrontedWorld { world, front in
      at(strike, of: world) { front.end() }
      #expect(try await !fill(world))
      try await front.start()
      #expect(try await fill(world))
      try await expectEverythingOnce(world)
    }
  }

  @Test func `a stream that is reset before the service hears of it is sent again in a later run`()
    async throws
  {
    // nginx resets a stream for which it should close the connection.
    let deaf = HTTPFront.Rules(passing: "if ($request_method = POST) { return 444; }")
    try await withFrontedWorld(deaf) { world, front in
      #expect(try await !fill(world))
      #expect(try await world.contents().users.isEmpty)
      try front.reload(.init())
      try await expectFilled(world, by: 2)
    }
  }

  @Test(arguments: [1, 12, 33])
  func `a stream that is reset after the write was made does not make it again`(strike: Int)
    async throws
  {
    try await withSCIMServer { server in
      try await withFaultProxy(.http, before: server.url.port) { proxy in
        let rules = HTTPFront.Rules(passing: "proxy_buffering off;")
        try await withHTTPFront(before: proxy.port, rules) { front in
          let world = try await SCIMWorld(server, behind: front)
          // Five requests of discovery and reading go before the first write.
          try await proxy.set(.init("fin", on: .reply, step: 5 + strike, at: .last))
          let isDone = try await fill(world)
          #expect(try await proxy.count().struck == 1)
          if !isDone { #expect(try await fill(world)) }
          try await expectEverythingOnce(world)
          let statuses = try front.exchanges().filter { $0.method == "POST" }.map(\.status)
          #expect(!statuses.contains(409))
        }
      }
    }
  }
}
