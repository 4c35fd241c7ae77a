import ConnectorTesting
import HTTPTransport
import JSON
import SCIMClient
import Secrets
import Synchronization
import Testing

@Suite struct ServiceProviderTests {
  private let user = #"{"id":"7","userName":"ada"}"#

  /// Gives the answers one after the other, the last for ever.
  private func script(_ answers: [Result<HTTPResponse, TransportError>]) -> StubTransport {
    let next = Mutex(0)
    return StubTransport { request throws(TransportError) in
      let position = next.withLock { next in
        defer { next += 1 }
        return min(next, answers.count - 1)
      }
      return try answers[position].get()
    }
  }

  private func lost(_ sent: TransportError.Sent) -> Result<HTTPResponse, TransportError> {
    .failure(TransportError(kind: .broken, sent: sent, message: "cut"))
  }

  private func error(_ body: () async throws(SCIMError) -> Void) async -> SCIMError? {
    do throws(SCIMError) { try await body() } catch { return error }
    return nil
  }

  @Test func `a request carries the credential and the media types`() async throws {
    let transport = script([.success(answer(200, user))])
    let found = try await provider(transport).get(.user, id: "a/7", .init())
    #expect(found?.id == "7")
    let request = try #require(transport.requests.first)
    #expect("\(request.url)" == "https://wiki.example.org/scim/v2/Users/a%2F7")
    #expect(request.field("Authorization") == "Bearer canary-token")
    #expect(request.field("Accept") == "application/scim+json, application/json;q=0.9")
    #expect(!"\(request)".contains("canary"))
  }

  @Test func `basic credentials are encoded`() async throws {
    let transport = script([.success(answer(200, user))])
    let basic = Credential.basic(user: "Aladdin", password: Secret(Array("open sesame".utf8)))
    _ = try await provider(transport, credential: basic).get(.user, id: "7", .init())
    #expect(
      transport.requests.first?.field("Authorization") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
  }

  @Test(
    arguments: [
      (["Retry-After": "3"], Duration.seconds(3)),
      (
        [
          "Retry-After": "Sun, 06 Nov 1994 08:49:47 GMT", "Date": "Sun, 06 Nov 1994 08:49:37 GMT",
        ], .seconds(10)
      ),
      ([:], .seconds(1)),
    ] as [([String: String], Duration)])
  func `too many requests are repeated after the time that is asked`(
    fields: [String: String], expected: Duration
  ) async throws {
    let clock = RecordingClock()
    let transport = script([.success(answer(429, "slow", fields)), .success(answer(201, user))])
    let id = try await provider(transport, clock: clock).create(.user, ["userName": "ada"], .init())
      .id
    #expect(id == "7")
    #expect(clock.slept == [expected])
  }

  @Test func `a pause beyond our patience is not waited for`() async throws {
    let clock = RecordingClock()
    let transport = script([.success(answer(429, "", ["Retry-After": "3600"]))])
    let scim = try provider(transport, clock: clock)
    let failure = await error { () throws(SCIMError) in
      _ = try await scim.get(.user, id: "7", .init())
    }
    #expect(failure?.status == 429)
    #expect(transport.requests.count == 1)
    #expect(clock.slept.isEmpty)
  }

  @Test func `repeating ends, with longer pauses each time`() async throws {
    let clock = RecordingClock()
    let transport = script([.success(answer(503))])
    let scim = try provider(transport, clock: clock)
    let failure = await error { () throws(SCIMError) in
      _ = try await scim.get(.user, id: "7", .init())
    }
    #expect(failure?.status == 503)
    #expect(transport.requests.count == 4)
    #expect(clock.slept == [.seconds(1), .seconds(2), .seconds(4)])
  }

  @Test(arguments: [500, 502, 503, 504])
  func `a POST that failed in the service is not repeated`(status: Int) async throws {
    let transport = script([.success(answer(status, "", ["Retry-After": "1"]))])
    let scim = try provider(transport)
    let failure = await error { () throws(SCIMError) in
      _ = try await scim.create(.user, ["userName": "ada"], .init())
    }
    #expect(failure?.mayHaveHappened == true)
    #expect(transport.requests.count == 1)
  }

  @Test func `a POST whose answer was lost is not repeated, one that never left is`() async throws {
    let once = script([lost(.unknown), .success(answer(201, user))])
    let scim = try provider(once)
    let failure = await error { () throws(SCIMError) in
      _ = try await scim.create(.user, ["userName": "ada"], .init())
    }
    #expect(failure?.mayHaveHappened == true)
    #expect(once.requests.count == 1)

    let twice = script([lost(.no), .success(answer(201, user))])
    #expect(try await provider(twice).create(.user, ["userName": "ada"], .init()).id == "7")
    #expect(twice.requests.count == 2)
  }

  @Test func `401 closes the service at once and 403 the second time in a row`() async throws {
    for (answers, closedAt) in [
      ([401], 1), ([403, 403], 2), ([403, 404, 403], 3),
    ] {
      let transport = script(answers.map { .success(answer($0)) })
      let scim = try provider(transport)
      for attempt in 1...answers.count {
        let failure = await error { () throws(SCIMError) in
          _ = try await scim.create(.user, ["userName": "ada"], .init())
        }
        guard case .closed? = failure?.cause else {
          #expect(attempt != closedAt)
          continue
        }
        #expect(attempt == closedAt)
      }
    }
  }

  @Test(arguments: [
    (
      #"{"status":"409","scimType":"uniqueness","detail":"taken"}"#,
      "409 uniqueness: taken"
    ),
    (#"{"status":409,"detail":"a\nb\u001b[31m"}"#, "409: a b?[31m"),
    (
      #"{"detail":"UNIQUE failed for ada@example.org by canary-token"}"#,
      "409: UNIQUE failed for ‹…› by ‹…›"
    ),
    ("<html><h1>Conflict</h1></html>", "409: Conflict"),
    ("<html><head><title>409 Conflict</title></head><p>nginx</p></html>", "409: Conflict"),
    ("<title>409 of ada@example.org</html>", "409: of ‹…›"),
    ("a < b", "409: a < b"),
    ("", "409"),
    (#"["a"]"#, "409"),
  ])
  func `an error says what the service said, without what was sent`(
    body: String, expected: String
  ) async throws {
    let scim = try provider(script([.success(answer(409, body))]))
    let failure = await error { () throws(SCIMError) in
      _ = try await scim.create(.user, ["userName": "ada@example.org"], .init())
    }
    #expect(failure?.description == "POST /scim/v2/Users: \(expected)")
  }

  @Test func `a long error page is clipped`() async throws {
    let scim = try provider(script([.success(answer(400, String(repeating: "é ", count: 9999)))]))
    let failure = await error { () throws(SCIMError) in
      _ = try await scim.create(.user, ["userName": "ada"], .init())
    }
    #expect((failure?.description.utf8.count ?? .max) < 300)
  }

  @Test(
    arguments: [
      (answer(201, #"{"id":"7"}"#), "7"), (answer(200, #"{"id":7}"#), "7"),
      (answer(201, "", ["location": "/scim/Users/a%40b"]), "a@b"), (answer(201), nil),
    ] as [(HTTPResponse, String?)])
  func `the id of what was made is found`(response: HTTPResponse, expected: String?) async throws {
    let scim = try provider(script([.success(response)]))
    #expect(try await scim.create(.user, ["userName": "ada"], .init()).id == expected)
  }

  @Test func `a PATCH is written as the standard has it`() async throws {
    let transport = script([.success(answer(204))])
    _ = try await provider(transport).patch(
      .group, id: "g",
      [
        .add("members", [["value": "7"]]), .remove(from: "members", value: #"a"b"#),
        .replace("active", false),
      ], .init())
    let body = transport.requests.first?.body.map { String(decoding: $0, as: UTF8.self) }
    #expect(
      body == #"{"Operations":[{"op":"add","path":"members","value":[{"value":"7"}]},"#
        + #"{"op":"remove","path":"members[value eq \"a\\\"b\"]"},"#
        + #"{"op":"replace","path":"active","value":false}],"#
        + #""schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}"#)
    #expect(transport.requests.first?.field("Content-Type") == "application/scim+json")
  }
}
