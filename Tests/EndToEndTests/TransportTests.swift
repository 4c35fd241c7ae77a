import ConnectorTesting
import Foundation
import HTTPTransport
import Testing

extension EndToEnd {
  /// Who is talked to, and what is said before that is certain.
  @Suite struct Transport {
    enum Door: CaseIterable { case ldaps, startTLS, https }

    /// A world whose directory, or wiki, is behind a proxy with this certificate. It trusts the
    /// authority of the certificates, or the system's where `trusts` is false.
    private func withDoor(
      _ door: Door, _ fault: Certificates.Fault = .none, isOld: Bool = false, trusts: Bool = true,
      _ body: (inout World, FaultProxy, Certificates) async throws -> Void
    ) async throws {
      try await withWorld(wiki: door == .https) { world in
        let certificates = try Certificates(in: world.bellhop.folder.appending(path: "tls"))
        let certificate = FaultProxy.Certificate(
          file: certificates.file(fault), key: certificates.key(fault),
          isStartTLS: door == .startTLS, isOld: isOld)
        let port = door == .https ? world.wiki?.server.url.port ?? 0 : world.directory.port
        try await withFaultProxy(
          door == .https ? .http : .ldap, before: port, certificate: certificate
        ) { proxy in
          try world.configure(door, proxy, caFile: trusts ? certificates.authority : nil)
          try world.write([Record("ines", "Lab")])
          try await body(&world, proxy, certificates)
        }
      }
    }

    private func expectRefused(
      _ world: World, _ door: Door, _ proxy: FaultProxy,
      sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
      let answer = try await world.bellhop.run("apply", exits: 69, sourceLocation: sourceLocation)
      let name = door == .https ? "wiki" : "corp"
      #expect(answer.errors.contains("\(name): "), sourceLocation: sourceLocation)
      #expect(try await proxy.count().revealing == [], sourceLocation: sourceLocation)
      switch door {
      case .https: #expect(try await world.wiki?.users() == [], sourceLocation: sourceLocation)
      case .ldaps, .startTLS:
        let exists = try await world.directory.exists(world.account("ines"))
        #expect(!exists, sourceLocation: sourceLocation)
      }
    }

    @Test(arguments: Door.allCases)
    func `S1: a certificate of the private authority for this host is taken`(
      door: Door
    ) async throws {
      try await withDoor(door) { world, _, _ in
        try await world.bellhop.run("apply", exits: 0)
      }
    }

    @Test(arguments: Door.allCases)
    func `S1: a certificate that proves nothing ends the connection before a secret is sent`(
      door: Door
    ) async throws {
      try await withWorld(wiki: door == .https) { world in
        try world.write([Record("ines", "Lab")])
        let certificates = try Certificates(in: world.bellhop.folder.appending(path: "tls"))
        let port = door == .https ? world.wiki?.server.url.port ?? 0 : world.directory.port
        // libcurl has no switch for a certificate without any alternative name.
        let taken: [Certificates.Fault] = door == .https ? [.none, .commonNameOnly] : [.none]
        for fault in Certificates.Fault.allCases where !taken.contains(fault) {
          let certificate = FaultProxy.Certificate(
            file: certificates.file(fault), key: certificates.key(fault),
            isStartTLS: door == .startTLS)
          try await withFaultProxy(
            door == .https ? .http : .ldap, before: port, certificate: certificate
          ) { proxy in
            try world.configure(door, proxy, caFile: certificates.authority)
            let answer = try await world.bellhop.run("apply", exits: 69)
            let said = try await proxy.count().revealing
            #expect(said == [], "a certificate \(fault.rawValue)\n\(answer.everything)")
          }
        }
      }
    }

    @Test(arguments: Door.allCases)
    func `S1: TLS older than 1_2 is not spoken`(door: Door) async throws {
      try await withDoor(door, isOld: true) { world, proxy, _ in
        try await expectRefused(world, door, proxy)
      }
    }

    @Test(arguments: Door.allCases)
    func `S1: an authority that the configuration does not name is not trusted`(
      door: Door
    ) async throws {
      try await withDoor(door, trusts: false) { world, proxy, _ in
        try await expectRefused(world, door, proxy)
      }
    }

    @Test func `S1: a server without TLS where TLS is asked for hears no secret`() async throws {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ines", "Lab")])
        let wikiPort = world.wiki?.server.url.port ?? 0
        try await withFaultProxy(.http, before: wikiPort) { wiki in
          try await withFaultProxy(.http, before: world.directory.port) { directory in
            try world.configure(
              corp: world.directoryTarget(
                url: "ldaps://127.0.0.1:\(directory.port)", more: ", timeouts: { connect: PT1S }"),
              wiki: world.wikiTarget(
                "https://127.0.0.1:\(wiki.port)/v2", more: ", timeouts: { connect: PT1S }"))
            try await world.bellhop.run("apply", exits: 69)
            #expect(try await wiki.count().replies == [])
            #expect(try await directory.count().requests == [])
          }
        }
      }
    }

    @Test(arguments: [
      "StartTLS refused", "StartTLS then plaintext", "StartTLS with injection",
    ])
    func `S1: StartTLS that is refused, faked or tampered with ends the connection`(
      kind: String
    ) async throws {
      try await withDoor(.startTLS) { world, proxy, _ in
        try await proxy.set(.init(kind, on: .request, lasting: true))
        try await expectRefused(world, .startTLS, proxy)
      }
    }

    @Test func `S1: plain connections to another machine are refused by the configuration`()
      async throws
    {
      try await withWorld(wiki: true) { world in
        try world.write([])
        for (corp, wiki) in [
          (world.directoryTarget(url: "ldap://ldap.example.org"), nil),
          (nil, world.wikiTarget("http://wiki.example.org/v2")),
          // The numbers are this machine's, the name is not.
          (nil, world.wikiTarget("http://127.0.0.1.example.org/v2")),
        ] {
          try world.configure(corp: corp, wiki: wiki)
          let answer = try await world.bellhop.run("validate", exits: 78)
          #expect(answer.errors.contains("in the clear"))
        }
        try world.configure(corp: world.directoryTarget(url: "ldaps://ann:kestrel@example.org"))
        let answer = try await world.bellhop.run("validate", exits: 78)
        #expect(!answer.everything.contains("kestrel"))
      }
    }

    @Test func `S2: an empty password is refused before anything is connected`() async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        try await withFaultProxy(.ldap, before: world.directory.port) { proxy in
          for secret in ["", "\n"] {
            try world.bellhop.write(secret, to: "corp.secret", mode: 0o600)
            try world.configure(
              corp: world.directoryTarget(url: "ldap://127.0.0.1:\(proxy.port)"))
            let answer = try await world.bellhop.run("apply", exits: 78)
            #expect(answer.errors.contains("is empty"))
          }
          #expect(try await proxy.count().requests == [])
        }
      }
    }

    @Test(arguments: ["nobody", "somebody else"])
    func `S2: a bind that the server takes for another's stops the directory`(
      kind: String
    ) async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        try await withFaultProxy(.ldap, before: world.directory.port) { proxy in
          try world.configure(corp: world.directoryTarget(url: "ldap://127.0.0.1:\(proxy.port)"))
          try await proxy.set(.init(kind, step: 2))
          let answer = try await world.bellhop.run("apply", exits: 69)
          #expect(answer.errors.contains("takes us for"))
          #expect(try await proxy.count().requests.contains("search") == false)
          try await world.bellhop.run("apply", exits: 0)
        }
      }
    }

    @Test(arguments: [
      "redirect", "redirect to another host", "redirect to another scheme", "off-origin links",
    ])
    func `S3: what an HTTP answer points to hears nothing`(kind: String) async throws {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        let port = world.wiki?.server.url.port ?? 0
        try await withFaultProxy(.http, before: port) { proxy in
          try world.configure(wiki: world.wikiTarget("http://127.0.0.1:\(proxy.port)/v2"))
          try await proxy.set(.init(kind, lasting: true))
          try await world.bellhop.run("apply", exits: kind == "off-origin links" ? 0 : 69)
          let count = try await proxy.count()
          #expect(count.struck > 0)
          #expect(count.stranger == [])
        }
      }
    }

    @Test(arguments: [1, 3, 9])
    func `S3: what a referral points to hears nothing`(step: Int) async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        try await withFaultProxy(.ldap, before: world.directory.port) { proxy in
          try world.configure(corp: world.directoryTarget(url: "ldap://127.0.0.1:\(proxy.port)"))
          try await proxy.set(.init("referral", step: step, lasting: true))
          let answer = try await world.bellhop.answer("apply")
          #expect([4, 69].contains(answer.code), "\(answer.everything)")
          let count = try await proxy.count()
          #expect(count.struck > 0)
          #expect(count.stranger == [])
          #expect(try await !world.directory.exists(world.account("ines")))
        }
      }
    }

    @Test(arguments: Door.allCases)
    func `S3: nothing in the environment changes whom is trusted or talked to`(
      door: Door
    ) async throws {
      for trusts in [true, false] {
        try await withDoor(door, trusts: trusts) { world, proxy, certificates in
          let home = world.bellhop.folder.appending(path: "home")
          try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
          let stranger = "http://127.0.0.1:\(proxy.strangerPort)"
          let loose = "TLS_REQCERT never\nTLS_CACERT \(certificates.stranger)\nURI \(stranger)\n"
          for name in [".ldaprc", "ldaprc", "hostile.conf"] {
            try world.bellhop.write(loose, to: name)
            try world.bellhop.write(loose, to: "home/\(name)")
          }
          try world.bellhop.write(
            "default login ann password kestrel\n", to: "home/.netrc", mode: 0o600)
          try world.bellhop.write("insecure\nproxy = \(stranger)\n", to: "home/.curlrc")
          let keys = world.bellhop.folder.appending(path: "keys.log")
          var hostile = [
            "HOME": home.path, "LDAPRC": "hostile.conf",
            "LDAPCONF": world.bellhop.path("hostile.conf"), "LDAPTLS_REQCERT": "never",
            "LDAPTLS_REQSAN": "never", "LDAPURI": stranger, "LDAPREFERRALS": "on",
            "LDAPTLS_CACERT": certificates.authority, "LDAPTLS_PROTOCOL_MIN": "3.1",
            "CURL_CA_BUNDLE": certificates.authority, "SSL_CERT_FILE": certificates.authority,
            "CURL_HOME": home.path, "NETRC": home.appending(path: ".netrc").path,
            "SSLKEYLOGFILE": keys.path,
          ]
          for name in ["http_proxy", "https_proxy", "all_proxy", "ldap_proxy", "socks_proxy"] {
            hostile[name] = stranger
            hostile[name.uppercased()] = stranger
          }
          world.bellhop.environment.merge(hostile) { $1 }
          if trusts {
            try await world.bellhop.run("apply", exits: 0)
            let isThere =
              door == .https
              ? try await world.wiki?.members("Lab") == ["ines"]
              : try await world.members("lab") == ["ines"]
            #expect(isThere)
          } else {
            try await expectRefused(world, door, proxy)
          }
          #expect(try await proxy.count().stranger == [])
          #expect(!FileManager.default.fileExists(atPath: keys.path))
        }
      }
    }
  }
}

extension FaultProxy.Count {
  /// What was asked besides TLS, its handshake and the goodbye.
  fileprivate var revealing: [String] {
    requests.filter { !["extended", "unbind", "?"].contains($0) }
  }
}

extension World {
  /// Writes the configuration with one target behind the proxy.
  fileprivate func configure(
    _ door: EndToEnd.Transport.Door, _ proxy: FaultProxy, caFile: String?
  ) throws {
    let here = "127.0.0.1:\(proxy.port)"
    let file = caFile.map { "caFile: \"\($0)\"" }
    switch door {
    case .ldaps:
      let tls = "tls: { \(file ?? "") }"
      try configure(corp: directoryTarget(url: "ldaps://\(here)", more: ", \(tls)"))
    case .startTLS:
      let tls = "tls: { startTLS: true\(file.map { ", \($0)" } ?? "") }"
      try configure(corp: directoryTarget(url: "ldap://\(here)", more: ", \(tls)"))
    case .https:
      try configure(wiki: wikiTarget("https://\(here)/v2", more: ", tls: { \(file ?? "") }"))
    }
  }
}
