import ConnectorTesting
import HTTPTransport
import OAuth
import Secrets
import Synchronization
import Testing

@Suite struct TokenTests {
  @Test func `the secret goes in the header or in the form, as configured`() async throws {
    let inHeader = try await requestText(.basic(secret))
    #expect(inHeader.field == "Basic Ym90OnMlM0FlJTIwY3JldA==")
    #expect(inHeader.body == "grant_type=client_credentials&scope=a%20b")
    let inForm = try await requestText(.form(secret))
    #expect(inForm.field == nil)
    #expect(
      inForm.body
        == "grant_type=client_credentials&client_id=bot&client_secret=s%3Ae%20cret&scope=a%20b")
  }

  @Test func `an assertion is made anew for every token`() async throws {
    let count = Mutex(0)
    let transport = StubTransport { _ in token("one", lifetime: 3600) }
    let credentials = try self.credentials(
      .assertion {
        count.withLock { $0 += 1 }
        return Secret(Array("a.b.c".utf8))
      }, transport)
    _ = try await credentials.issue()
    _ = try await credentials.issue()
    #expect(count.withLock { $0 } == 2)
    #expect(text(of: transport.requests[1]).contains("client_assertion=a.b.c"))
  }

  @Test func `many callers cause one request, and the token is kept until just before its end`()
    async throws
  {
    let time = Mutex(ContinuousClock.now)
    let transport = StubTransport { _ in
      do { try await Task.sleep(for: .milliseconds(20)) } catch {}
      return token("one", lifetime: 600)
    }
    let cache = TokenCache(try credentials(.basic(secret), transport)) { time.withLock { $0 } }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<20 { group.addTask { _ = try await cache.token() } }
      try await group.waitForAll()
    }
    #expect(transport.requests.count == 1)
    time.withLock { $0 = $0.advanced(by: .seconds(539)) }
    _ = try await cache.token()
    #expect(transport.requests.count == 1)
    time.withLock { $0 = $0.advanced(by: .seconds(2)) }
    _ = try await cache.token()
    #expect(transport.requests.count == 2)
  }

  @Test func `a token that was refused is replaced once, however many say so`() async throws {
    let transport = StubTransport { _ in token("any", lifetime: 600) }
    let cache = TokenCache(try credentials(.basic(secret), transport))
    let first = try await cache.token()
    await cache.discard(first)
    _ = try await cache.token()
    await cache.discard(first)
    _ = try await cache.token()
    #expect(transport.requests.count == 2)
  }

  @Test(arguments: [(400, true), (401, true), (500, false), (429, false)])
  func `a refused client is a permanent failure, a busy server is not`(
    status: Int, isPermanent: Bool
  ) async throws {
    let transport = StubTransport { _ in
      HTTPResponse(
        status: status,
        body: Array(#"{"error":"invalid_client","error_description":"s:e cret"}"#.utf8))
    }
    let cache = TokenCache(try credentials(.form(secret), transport))
    let error = await #expect(throws: TokenError.self) { try await cache.token() }
    #expect(error?.isPermanent == isPermanent)
    #expect(error?.message.contains("invalid_client") == true)
    #expect(error?.message.contains("cret") == false)
    // The failure is not kept.
    _ = await #expect(throws: TokenError.self) { try await cache.token() }
    #expect(transport.requests.count == 2)
  }

  @Test(arguments: [
    "", "[]", "{}", #"{"access_token":""}"#, #"{"access_token":"a b"}"#,
    #"{"access_token":"x","token_type":"mac"}"#,
  ])
  func `a success without a token is a failure`(body: String) async throws {
    let transport = StubTransport { _ in HTTPResponse(status: 200, body: Array(body.utf8)) }
    await #expect(throws: TokenError.self) {
      try await credentials(.form(secret), transport).issue()
    }
  }

  @Test func `a lifetime may be written as a string`() throws {
    let response = HTTPResponse(
      status: 200, body: Array(#"{"access_token":"x","expires_in":"3599"}"#.utf8))
    #expect(try IssuedToken(response, of: "login").lifetime == .seconds(3599))
  }

  private let secret = Secret(Array("s:e cret".utf8))

  private func credentials(
    _ proof: ClientCredentials.Proof, _ transport: any HTTPTransport
  ) throws -> TokenEndpoint {
    TokenEndpoint(
      ClientCredentials(
        tokenURL: try HTTPURL(parsing: "https://login.example.org/token"), clientID: "bot",
        proof: proof, scope: "a b"),
      transport: transport)
  }

  private func requestText(
    _ proof: ClientCredentials.Proof
  ) async throws -> (field: String?, body: String) {
    let transport = StubTransport { _ in token("one", lifetime: 3600) }
    _ = try await credentials(proof, transport).issue()
    let request = transport.requests[0]
    return (request.fields.first { $0.name == "Authorization" }?.value, text(of: request))
  }

  private func text(of request: HTTPRequest) -> String {
    String(decoding: request.body ?? [], as: UTF8.self)
  }
}

private func token(_ value: String, lifetime: Int) -> HTTPResponse {
  HTTPResponse(
    status: 200,
    body: Array(
      #"{"access_token":"\#(value)","token_type":"Bearer","expires_in":\#(lifetime)}"#.utf8))
}
