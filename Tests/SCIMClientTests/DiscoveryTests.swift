import ConnectorTesting
import HTTPTransport
import SCIMClient
import Testing

@Suite struct DiscoveryTests {
  private func discover(_ answers: [String: HTTPResponse]) async throws -> Capabilities {
    let transport = StubTransport { request in
      answers[String(request.url.path.split(separator: "/").last ?? "")] ?? answer(404)
    }
    return try await provider(transport).discover()
  }

  @Test func `a service without discovery is taken to be usual`() async throws {
    #expect(try await discover([:]) == Capabilities())
  }

  @Test(arguments: ["<html>", "[]", "{}", #"{"patch":true,"filter":[]}"#])
  func `an odd answer leaves what is usual`(body: String) async throws {
    #expect(try await discover(["ServiceProviderConfig": answer(200, body)]) == Capabilities())
  }

  @Test func `what the service says is taken as the first thing to try`() async throws {
    let capabilities = try await discover([
      "ServiceProviderConfig": answer(
        200,
        #"{"patch":{"supported":false},"filter":{"supported":"true","maxResults":20},"#
          + #""etag":{"supported":true},"unheardOf":1}"#)
    ])
    #expect(!capabilities.canPatch)
    #expect(capabilities.canFilter)
    #expect(capabilities.hasVersions)
    #expect(capabilities.pageSize == 20)
  }

  @Test(arguments: [
    (#"{"Resources":[{"name":"User","endpoint":"/People"}]}"#, "/scim/v2/People/7"),
    (#"[{"name":"User","endpoint":"/scim/v2/Users"}]"#, "/scim/v2/Users/7"),
    (#"[{"name":"User","endpoint":"https://evil.example/Users"}]"#, "/scim/v2/Users/7"),
    (#"[{"name":"User","endpoint":"/../x"}]"#, "/scim/v2/Users/7"),
  ])
  func `endpoints stay below the base URL`(types: String, expected: String) async throws {
    let transport = StubTransport { request in
      switch request.url.path {
      case "/scim/v2/ResourceTypes": answer(200, types)
      case expected: answer(200, #"{"id":"7"}"#)
      default: answer(404)
      }
    }
    let scim = try provider(transport)
    let capabilities = try await scim.discover()
    #expect(try await scim.get(.user, id: "7", capabilities)?.id == "7")
    #expect(transport.requests.allSatisfy { $0.url.host == "wiki.example.org" })
  }

  @Test func `a refused credential is an error`() async throws {
    await #expect(throws: SCIMError.self) {
      try await discover(["ServiceProviderConfig": answer(401)])
    }
  }
}
