import HTTPTransport
import Testing

@Suite struct CurlTransportTLSTests {
  private func send(
    to server: TLSServer, host: String = "localhost", trusting authority: String?
  ) async throws -> Result<HTTPResponse, TransportError> {
    var configuration = CurlTransport.Configuration()
    configuration.caFile = authority
    let request = HTTPRequest(.get, try HTTPURL(parsing: "https://\(host):\(server.port)/"))
    let transport = CurlTransport(configuration)
    do throws(TransportError) {
      return .success(try await transport.send(request))
    } catch {
      return .failure(error)
    }
  }

  @Test func `only a chain to the trusted authority and the right host name are accepted`()
    async throws
  {
    try await withTLSServer { server in
      let good = try await send(to: server, trusting: server.authority)
      #expect(try good.get().status == 200)
      for (host, authority) in [
        ("localhost", server.stranger), ("localhost", nil), ("127.0.0.1", server.authority),
      ] {
        let bad = try await send(to: server, host: host, trusting: authority)
        let error = #expect(throws: TransportError.self) { try bad.get() }
        #expect(error?.kind == .insecure)
        #expect(error?.sent == .no)
      }
    }
  }

  @Test func `a server that knows nothing newer than TLS 1_1 is refused`() async throws {
    try await withTLSServer(options: ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]) { server in
      let answer = try await send(to: server, trusting: server.authority)
      let error = #expect(throws: TransportError.self) { try answer.get() }
      #expect(error?.kind == .insecure)
    }
  }
}
