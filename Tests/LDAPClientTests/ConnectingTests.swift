import ConnectorTesting
import Foundation
import LDAPClient
import Secrets
import Testing

extension DirectoryTests {
  @Suite struct Connecting {
    private func expectRefused(
      _ configuration: LDAPConnection.Configuration, _ code: LDAPResultCode? = nil,
      sourceLocation: SourceLocation = #_sourceLocation
    ) async {
      let error = await #expect(throws: LDAPError.self, sourceLocation: sourceLocation) {
        try await withConnection(configuration) { _ in }
      }
      if let code { #expect(error?.code == code, sourceLocation: sourceLocation) }
    }

    @Test func `ldap, ldaps, StartTLS and ldapi all lead in`() async throws {
      var options = SlapdFixture.Options()
      options.certificateNames = ["IP:127.0.0.1"]
      try await withDirectory(options) { slapd in
        let plain = try slapd.configuration()
        let tls = try slapd.configuration([slapd.tlsURL], caFile: slapd.caFile)
        let startTLS = try slapd.configuration(startTLS: true, caFile: slapd.caFile)
        let external = try LDAPConnection.Configuration(
          urls: [try LDAPURL(parsing: slapd.socketURL)], bind: .external)
        for configuration in [plain, tls, startTLS, external] {
          let record = try await withConnection(configuration) { connection in
            try await connection.record(slapd.name(slapd.accounts), attributes: ["ou"])
          }
          #expect(record?["OU"] == ["guests"])
        }
      }
    }

    @Test func `what libldap gave out is given back, whatever breaks`() async throws {
      let census = Census()
      try await Census.$current.withValue(census) {
        var options = SlapdFixture.Options()
        options.overlays = [.syncprov]
        options.ldif = Searching.people(50)
        try await withSlapd(options) { slapd in
          let connection = LDAPConnection(try slapd.configuration(operationTimeout: .seconds(4)))
          try await connection.open()
          #expect(census.connections == 1 && census.messages == 0)
          let everybody = LDAPSearch(
            base: try slapd.name(slapd.accounts), scope: .subtree, attributes: ["cn"])
          #expect(await connection.names(everybody, pageSize: 7).0.count == 51)
          #expect(census.messagesEver > 50)
          let ada = try slapd.guest("ada")
          _ = await connection.values([
            .add(ada, person("ada")), .add(ada, person("ada")), .delete(try slapd.guest("none")),
            .modify(ada, [.delete(LDAPAttribute("mail", ["none"]))]),
          ])
          _ = try await connection.extended("1.3.6.1.4.1.4203.1.11.3")
          await #expect(throws: LDAPError.self) { _ = try await connection.extended("1.2.3.4") }
          var events = try await connection.sync(everybody, mode: .refreshAndPersist)
            .makeAsyncIterator()
          for _ in 0..<10 { _ = try await events.next() }
          // Closed with most of what was sent unread.
          await connection.close()
          #expect(census.connections == 0 && census.messages == 0)

          try await connection.open()
          try slapd.freeze()
          let lost = await connection.names(everybody).1
          #expect(lost.result.code == .timedOut)
          #expect(census.connections == 0 && census.messages == 0)
          await #expect(throws: LDAPError.self) { try await connection.open() }
          await slapd.stop()
          await #expect(throws: LDAPError.self) { try await connection.open() }
          #expect(census.connections == 0 && census.messages == 0)
        }
      }
    }

    @Test func `a certificate of an unknown authority is refused`() async throws {
      var options = SlapdFixture.Options()
      options.certificateNames = ["IP:127.0.0.1"]
      try await withDirectory(options) { slapd in
        try await withDirectory(options) { other in
          await expectRefused(
            try slapd.configuration([slapd.tlsURL], caFile: other.caFile), .serverDown)
          await expectRefused(try slapd.configuration(startTLS: true, caFile: other.caFile))
        }
        await expectRefused(try slapd.configuration([slapd.tlsURL]), .serverDown)
        await expectRefused(
          try slapd.configuration([slapd.tlsURL], caFile: "/nonexistent"), .connectError)
        await expectRefused(try slapd.configuration([slapd.tlsURL], caFile: "/etc/hostname"))
      }
    }

    @Test func `a certificate for another host is refused`() async throws {
      var options = SlapdFixture.Options()
      options.certificateNames = ["DNS:ldap.example.org"]
      try await withDirectory(options) { slapd in
        await expectRefused(try slapd.configuration([slapd.tlsURL], caFile: slapd.caFile))
        await expectRefused(try slapd.configuration(startTLS: true, caFile: slapd.caFile))
      }
    }

    @Test func `StartTLS that the server does not offer closes the connection`() async throws {
      try await withDirectory { slapd in
        await expectRefused(try slapd.configuration(startTLS: true))
      }
    }

    @Test(arguments: [("-tls1_1", false), ("-tls1_2", true)])
    func `no password goes over a TLS that is too old`(version: String, isSent: Bool) async throws {
      var options = SlapdFixture.Options()
      options.certificateNames = ["IP:127.0.0.1"]
      try await withDirectory(options) { slapd in
        try await withTLSServer(speaking: version, of: slapd) { url, heard in
          await expectRefused(
            try slapd.configuration(
              [url], caFile: slapd.caFile, operationTimeout: .seconds(4)),
            isSent ? .timedOut : .connectError)
          #expect(try heard().contains(slapd.servicePassword) == isSent)
        }
      }
    }

    @Test func `environment variables cannot weaken certificate checks`() async throws {
      setenv("LDAPTLS_REQCERT", "never", 1)
      defer { unsetenv("LDAPTLS_REQCERT") }
      var options = SlapdFixture.Options()
      options.certificateNames = ["IP:127.0.0.1"]
      try await withDirectory(options) { slapd in
        await expectRefused(try slapd.configuration([slapd.tlsURL]))
      }
    }

    @Test func `the next server is asked when one is down`() async throws {
      try await withDirectory { slapd in
        let urls = ["ldap://127.0.0.1:1", slapd.url]
        let used = try await withConnection(try slapd.configuration(urls)) { await $0.url }
        #expect(used?.description == slapd.url)
      }
    }

    @Test func `a wrong password is an answer, and no other server is asked`() async throws {
      try await withDirectory { slapd in
        let urls = [slapd.url, "ldap://127.0.0.1:1"]
        await expectRefused(
          try slapd.configuration(urls, password: "wrong"), .invalidCredentials)
      }
    }

    @Test func `a server that accepts and stays silent is given up in time`() async throws {
      let silent = try SilentServer()
      defer { silent.close() }
      for url in ["ldap://127.0.0.1:\(silent.port)", "ldaps://127.0.0.1:\(silent.port)"] {
        let configuration = try LDAPConnection.Configuration(
          urls: [try LDAPURL(parsing: url)],
          bind: .simple(try DistinguishedName(parsing: "cn=a"), Secret(Array("b".utf8))),
          connectTimeout: .seconds(1), operationTimeout: .seconds(4))
        let start = ContinuousClock.now
        await expectRefused(configuration)
        #expect(ContinuousClock.now - start < .seconds(30))
      }
    }

    @Test func `what the server says of itself is read`() async throws {
      try await withDirectory { slapd in
        try await withConnection(try slapd.configuration()) { connection in
          let root = try #require(try await connection.rootDSE())
          #expect(root.supportedControls.contains("1.2.840.113556.1.4.319"))
          #expect(root.namingContexts == [slapd.options.suffix])
          let schema = try #require(try await connection.schema())
          #expect(schema.requires("member", of: ["groupOfNames"]))
          #expect(!schema.requires("memberUid", of: ["posixGroup"]))
        }
      }
    }
  }
}

/// Listens, and never says a word.
final class SilentServer: Sendable {
  let port: UInt16
  private let descriptor: Int32

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = self.descriptor
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && listen(descriptor, 8) == 0
          ? getsockname(descriptor, $0, &size) : -1
      }
    }
    try #require(code == 0)
    port = UInt16(bigEndian: address.sin_port)
  }

  func close() { _ = Foundation.close(descriptor) }
}
