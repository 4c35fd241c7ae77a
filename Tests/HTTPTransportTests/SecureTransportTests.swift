import ConnectorTesting
import Foundation
import HTTPTransport
import Testing

/// Over real TLS, a real HTTP/2 server and a real proxy.
@Suite(.serialized) struct SecureTransportTests {
  private func failure(
    _ transport: CurlTransport, _ request: HTTPRequest
  ) async throws -> TransportError {
    do throws(TransportError) {
      let response = try await transport.send(request)
      throw TransportError(
        kind: .cancelled, sent: .no, message: "answered \(response.status), failure expected")
    } catch {
      return error
    }
  }

  private func users(_ server: SecureSCIMServer, host: String = "localhost") throws -> HTTPRequest {
    HTTPRequest(
      .get, try server.url("/v2/Users", host: host),
      fields: [HTTPField("Authorization", "Bearer \(server.token)", isSensitive: true)])
  }

  @Test func `with mutual TLS only the right client certificate reaches the service`() async throws
  {
    try await withSecureSCIMServer(["--client-certificates"]) { server in
      let right = server.transport { $0.clientCertificate = server.certificate("client") }
      #expect(try await right.send(try users(server)).status == 200)
      for name in ["expired", "stranger"] {
        let wrong = server.transport { $0.clientCertificate = server.certificate(name) }
        let error = try await failure(wrong, try users(server))
        #expect([.insecure, .broken].contains(error.kind), "\(name): \(error)")
      }
      let none = try await failure(server.transport(), try users(server))
      #expect([.insecure, .broken].contains(none.kind), "\(none)")
      // Not one request of theirs arrived.
      #expect(try await server.stats().requests == 1)
    }
  }

  @Test func `many requests share one HTTP/2 connection`() async throws {
    try await withSecureSCIMServer { server in
      let transport = server.transport()
      let url = try server.url("/slow")
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<20 {
          group.addTask { try await transport.send(HTTPRequest(.get, url)).status }
        }
        for try await status in group { #expect(status == 200) }
      }
      let stats = try await server.stats()
      #expect(stats.versions == ["2"])
      #expect(stats.connections == 1)
      #expect(stats.most > 10)
    }
  }

  @Test func `a connection that the server ends in between loses no request unseen`() async throws {
    try await withSecureSCIMServer(["--requests", "10"]) { server in
      let transport = server.transport()
      var (done, lost) = (0, 0)
      for number in 0..<60 {
        let body = """
          {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "u\(number)"}
          """
        var request = try users(server)
        request.method = .post
        request.body = Array(body.utf8)
        request.fields.append(HTTPField("Content-Type", "application/scim+json"))
        do throws(TransportError) {
          #expect(try await transport.send(request).status == 201)
          done += 1
        } catch {
          #expect(error.sent == .unknown)
          lost += 1
        }
      }
      // Not one was sent twice: a second would be a conflict.
      #expect(done + lost == 60)
      #expect(try await server.stats().requests <= 60)
      #expect(try await server.stats().connections > 5)
    }
  }

  @Test func `compressed answers are read, and one that unfolds beyond the limit is cut off`()
    async throws
  {
    try await withSecureSCIMServer { server in
      let answer = try await server.transport().send(try users(server))
      #expect(answer["Content-Encoding"] == "gzip")
      #expect(String(decoding: answer.body, as: UTF8.self).contains("ListResponse"))
      let bomb = HTTPRequest(.get, try server.url("/bomb"))
      let small = server.transport { $0.responseLimit = 1 << 20 }
      #expect(try await failure(small, bomb).kind == .tooLarge)
      #expect(try await failure(server.transport(), bomb).kind == .tooLarge)
    }
  }

  @Test func `a configured proxy is used whatever the environment says, and sees no credential`()
    async throws
  {
    try await withSecureSCIMServer { server in
      for name in ["NO_PROXY", "no_proxy"] { setenv(name, "*", 1) }
      for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        setenv(name, "http://127.0.0.1:9", 1)
      }
      defer {
        for name in ["NO_PROXY", "no_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
          unsetenv(name)
        }
      }
      let through = server.transport { $0.proxy = server.proxy }
      #expect(try await through.send(try users(server, host: "wiki.example.org")).status == 200)
      let heads = try await server.stats().connects
      #expect(heads.count == 1)
      #expect(heads.allSatisfy { $0.hasPrefix("CONNECT wiki.example.org:\(server.port) ") })
      #expect(heads.allSatisfy { !$0.contains(server.token) && !$0.contains("Authorization") })
      // This machine is reached directly, with a proxy configured or not.
      #expect(try await through.send(try users(server)).status == 200)
      #expect(try await server.transport().send(try users(server)).status == 200)
      #expect(try await server.stats().connects.count == 1)
    }
  }

  @Test func `the certificate is checked behind the proxy too`() async throws {
    try await withSecureSCIMServer { server in
      let through = server.transport { $0.proxy = server.proxy }
      let error = try await failure(through, try users(server, host: "other.example.org"))
      #expect(error.kind == .insecure)
      #expect(try await server.stats().requests == 0)
    }
  }
}
