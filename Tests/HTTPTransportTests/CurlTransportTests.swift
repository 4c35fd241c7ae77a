import Foundation
import HTTPTransport
import Testing

@Suite struct CurlTransportTests {
  private func url(_ server: LoopbackServer, _ path: String = "/") throws -> HTTPURL {
    try HTTPURL(parsing: "http://127.0.0.1:\(server.port)\(path)")
  }

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

  @Test func `a request arrives as written, says who sends it and asks for no interim answer`()
    async throws
  {
    try await withLoopbackServer { _ in
      .bytes("HTTP/1.1 201 Created\r\nX-One: two\r\nContent-Length: 2\r\n\r\nok")
    } _: { server in
      let body = Array(String(repeating: "x", count: 2_000_000).utf8)
      let response = try await CurlTransport().send(
        HTTPRequest(
          .post, try url(server, "/a%20b?c=d"), fields: [HTTPField("X-Test", "1")], body: body))
      #expect(response.status == 201)
      #expect(response["x-one"] == "two")
      #expect(response.body == Array("ok".utf8))
      let request = try #require(server.requests.first)
      #expect(request.hasPrefix("POST /a%20b?c=d HTTP/1.1\r\n"))
      #expect(request.contains("\r\nUser-Agent: bellhop/"))
      #expect(request.contains("\r\nX-Test: 1\r\n"))
      #expect(!request.contains("Expect:"))
      #expect(request.utf8.count > 2_000_000)
    }
  }

  @Test(arguments: [HTTPRequest.Method.get, .put, .patch, .delete])
  func `the method is the one that was asked for`(method: HTTPRequest.Method) async throws {
    try await withLoopbackServer { _ in
      .bytes("HTTP/1.1 204 No Content\r\n\r\n")
    } _: { server in
      let body = method == .put || method == .patch ? Array("{}".utf8) : nil
      let response = try await CurlTransport().send(
        HTTPRequest(method, try url(server), body: body))
      #expect(response.status == 204)
      #expect(server.requests.first?.hasPrefix("\(method.rawValue) / ") == true)
    }
  }

  @Test func `connections are kept for the next request`() async throws {
    try await withLoopbackServer { _ in
      .bytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    } _: { server in
      let transport = CurlTransport()
      for _ in 0..<5 { _ = try await transport.send(HTTPRequest(.get, try url(server))) }
      #expect(server.requests.count == 5)
      #expect(server.connectionCount == 1)
    }
  }

  @Test func `a POST is not sent again when a kept connection closes without an answer`()
    async throws
  {
    try await withLoopbackServer { request in
      request.hasPrefix("POST") ? .close : .bytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    } _: { server in
      let transport = CurlTransport()
      _ = try await transport.send(HTTPRequest(.get, try url(server)))
      let error = try await failure(
        transport, HTTPRequest(.post, try url(server), body: Array("{}".utf8)))
      #expect(error.sent == .unknown)
      #expect(server.requests.filter { $0.hasPrefix("POST") }.count == 1)
    }
  }

  @Test(arguments: [301, 302, 303, 307, 308])
  func `a redirect is an answer and its goal sees no request`(status: Int) async throws {
    try await withLoopbackServer { _ in
      .bytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    } _: { goal in
      let location = "http://127.0.0.1:\(goal.port)/"
      try await withLoopbackServer { _ in
        .bytes("HTTP/1.1 \(status) Go\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n")
      } _: { server in
        let response = try await CurlTransport().send(HTTPRequest(.get, try url(server)))
        #expect(response.status == status)
        #expect(goal.connectionCount == 0)
      }
    }
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n",
  ])
  func `an answer beyond the size limit is cut off`(head: String) async throws {
    try await withLoopbackServer { _ in
      .bytes(head + String(repeating: "x", count: 5000))
    } _: { server in
      var configuration = CurlTransport.Configuration()
      configuration.responseLimit = 4000
      let error = try await failure(
        CurlTransport(configuration), HTTPRequest(.get, try url(server)))
      #expect(error.kind == .tooLarge)
    }
  }

  @Test func `a server that does not answer is given up, and may have acted`() async throws {
    try await withLoopbackServer { _ in
      .silence
    } _: { server in
      var configuration = CurlTransport.Configuration()
      configuration.totalTimeout = .seconds(4)
      let error = try await failure(
        CurlTransport(configuration), HTTPRequest(.delete, try url(server)))
      #expect(error.kind == .timedOut)
      #expect(error.sent == .unknown)
    }
  }

  @Test func `a body that ends too early is no answer`() async throws {
    try await withLoopbackServer { _ in
      .bytesThenClose("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    } _: { server in
      let error = try await failure(CurlTransport(), HTTPRequest(.get, try url(server)))
      #expect(error.kind == .broken)
    }
  }

  @Test func `where nothing listens, nothing was sent`() async throws {
    let server = try LoopbackServer { _ in .close }
    server.stop()
    let error = try await failure(
      CurlTransport(), HTTPRequest(.post, try url(server), body: Array("{}".utf8)))
    #expect(error.kind == .unreachable)
    #expect(error.sent == .no)
  }

  @Test func `cancelling the task ends the request`() async throws {
    try await withLoopbackServer { _ in
      .silence
    } _: { server in
      let target = try url(server)
      let task = Task { try await failure(CurlTransport(), HTTPRequest(.get, target)) }
      while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
      task.cancel()
      #expect(try await task.value.kind == .cancelled)
    }
  }

  @Test(arguments: ["http://example.org/", "http://192.0.2.1/", "http://127.0.0.1.example.org/"])
  func `plain http leaves this machine never`(text: String) async throws {
    let error = try await failure(CurlTransport(), HTTPRequest(.get, try HTTPURL(parsing: text)))
    #expect(error.kind == .refused)
    #expect(error.sent == .no)
  }

  @Test func `a line break in a header is refused`() async throws {
    let error = try await failure(
      CurlTransport(),
      HTTPRequest(
        .get, try HTTPURL(parsing: "http://127.0.0.1/"),
        fields: [HTTPField("Authorization", "Bearer a\r\nX-Evil: 1", isSensitive: true)]))
    #expect(error.kind == .refused)
    #expect(!"\(error)".contains("Evil"))
  }

  @Test func `a sensitive header is never printed`() {
    let field = HTTPField("Authorization", "Bearer canary", isSensitive: true)
    var dumped = ""
    dump(field, to: &dumped)
    #expect(!"\(field) \(String(reflecting: field)) \(dumped)".contains("canary"))
  }

  @Test func `neither a proxy nor a netrc file of the environment is used`() async throws {
    try await withLoopbackServer { _ in
      .bytes("HTTP/1.1 502 Proxy\r\nContent-Length: 0\r\n\r\n")
    } _: { proxy in
      let home = FileManager.default.temporaryDirectory
        .appending(path: "bellhop-home-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: home) }
      try Data("default login canary password canary\n".utf8)
        .write(to: home.appending(path: ".netrc"))
      let formerHome = ProcessInfo.processInfo.environment["HOME"] ?? "/"
      setenv("HOME", home.path, 1)
      for name in ["http_proxy", "all_proxy", "ALL_PROXY"] {
        setenv(name, "http://127.0.0.1:\(proxy.port)", 1)
      }
      defer {
        setenv("HOME", formerHome, 1)
        for name in ["http_proxy", "all_proxy", "ALL_PROXY"] { unsetenv(name) }
      }
      try await withLoopbackServer { _ in
        .bytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
      } _: { server in
        let response = try await CurlTransport().send(HTTPRequest(.get, try url(server)))
        #expect(response.status == 200)
        #expect(proxy.connectionCount == 0)
        #expect(server.requests.first?.lowercased().contains("authorization") == false)
      }
    }
  }

  /// An address that is this machine and not written as loopback: what leads elsewhere must not be led
  /// there by the environment either.
  @Test func `S3: a proxy of the environment is not used for another host`() async throws {
    try await withLoopbackServer { _ in
      .bytes("HTTP/1.1 502 Proxy\r\nContent-Length: 0\r\n\r\n")
    } _: { proxy in
      let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
      for name in names { setenv(name, "http://127.0.0.1:\(proxy.port)", 1) }
      defer { for name in names { unsetenv(name) } }
      let request = HTTPRequest(.get, try HTTPURL(parsing: "https://0.0.0.0:9/"))
      #expect(try await failure(CurlTransport(), request).kind == .unreachable)
      #expect(proxy.connectionCount == 0)
    }
  }
}
