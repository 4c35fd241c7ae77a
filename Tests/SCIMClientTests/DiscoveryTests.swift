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

  @Test func `lists may come as bare arrays or without a total`() async throws {
    let schema =
      #"{"id":"urn:ietf:params:scim:schemas:core:2.0:User","#
      + #""attributes":[{"name":"userName"},{"name":"title","mutability":"readOnly"}]}"#
    for body in ["[\(schema)]", #"{"Resources":[\#(schema)]}"#] {
      let said = try await discover(["Schemas": answer(200, body)])
      #expect(said.userSchema?.writability(extension: nil, name: "title", part: nil) == .readOnly)
    }
  }

  @Test func `what was remembered says the same as what was asked`() async throws {
    let transport = StubTransport { request in
      request.url.path.hasSuffix("ServiceProviderConfig")
        ? answer(
          200, #"{"patch":{"supported":false},"filter":{"supported":true,"maxResults":7}}"#,
          ["Date": "Sun, 06 Nov 1994 08:49:37 GMT"])
        : answer(404)
    }
    let scim = try provider(transport)
    let asked = try await scim.discovery()
    #expect(asked.time == 784_111_777)
    let remembered = try #require(Discovery(asked.json))
    #expect(remembered == asked)
    #expect(scim.capabilities(remembered) == scim.capabilities(asked))
    #expect(!scim.capabilities(remembered).canPatch)
  }

  @Test func `a refused credential is an error`() async throws {
    await #expect(throws: SCIMError.self) {
      try await discover(["ServiceProviderConfig": answer(401)])
    }
  }
}
