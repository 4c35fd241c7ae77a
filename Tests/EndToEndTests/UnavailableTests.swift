import ConnectorTesting
import Foundation
import Testing

extension EndToEnd {
  @Suite struct Unavailable {
    /// What nobody may ever read in an output or in the ledger.
    static let canary = "kestrel-4711-canary"

    @Test func `a directory that is down delays no other target`() async throws {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ines", "Lab")])
        await world.directory.stop()
        let answer = try await world.bellhop.run("apply", exits: 69)
        #expect(answer.everything.contains("corp"))
        #expect(try await world.wiki?.members("Lab") == ["ines"])
        try expectNoSecret(world, answer)

        try await world.directory.start()
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == ["ines"])
      }
    }

    @Test func `a wrong password stops the directory alone and is not shown`() async throws {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ines", "Lab")])
        try world.bellhop.write(Self.canary, to: "corp.secret", mode: 0o600)
        let answer = try await world.bellhop.run("apply", "--log-level", "debug", exits: 69)
        #expect(answer.everything.contains("49"), "\(answer.everything)")
        #expect(try await world.wiki?.members("Lab") == ["ines"])
        #expect(try await !world.directory.exists(world.account("ines")))
        try expectNoSecret(world, answer)
      }
    }

    @Test func `a certificate of a stranger is refused before the password is sent`() async throws {
      try await withWorld(tls: true) { world in
        try await withWorld(tls: true) { stranger in
          try world.write([Record("ines", "Lab")])
          for (url, tls) in [
            (world.directory.tlsURL, "tls: { caFile: \"\(stranger.directory.caFile)\" }"),
            (
              world.directory.url,
              "tls: { caFile: \"\(stranger.directory.caFile)\", startTLS: true }"
            ),
            (world.directory.tlsURL, "tls: {}"),
          ] {
            try world.configure(corp: world.directoryTarget(url: url, more: ", \(tls)"))
            let answer = try await world.bellhop.run("apply", exits: 69)
            #expect(answer.errors.contains("corp: cannot connect"))
            try expectNoSecret(world, answer)
          }
          #expect(try await !world.directory.exists(world.account("ines")))
        }
      }
    }

    @Test func `a wiki that is down or knows no such token delays no other target`() async throws {
      try await withWorld(wiki: true) { world in
        let port = try LoopbackPort.unused()
        try world.configure(wiki: world.wikiTarget("http://127.0.0.1:\(port)/v2"))
        try world.write([Record("ines", "Lab")])
        let down = try await world.bellhop.run("apply", exits: 69)
        #expect(down.everything.contains("wiki"))
        #expect(try await world.members("lab") == ["ines"])
        try expectNoSecret(world, down)

        try world.configure()
        let token = world.bellhop.environment["WIKI_TOKEN"]
        world.bellhop.environment["WIKI_TOKEN"] = Self.canary
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        let refused = try await world.bellhop.run("apply", "--log-level", "debug", exits: 69)
        #expect(refused.everything.contains("401"))
        #expect(try await world.members("lab") == ["ines", "jon"])
        #expect(try await world.wiki?.users() == [])
        try expectNoSecret(world, refused)

        world.bellhop.environment["WIKI_TOKEN"] = token
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.wiki?.members("Lab") == ["ines", "jon"])
        try await world.bellhop.run("plan", exits: 0)
      }
    }

    @Test func `a secret that cannot be trusted is refused without being shown`() async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        for (mode, text) in [(0o644, Self.canary), (0o600, ""), (0o600, "a\n\(Self.canary)\n")] {
          try world.bellhop.write(text, to: "corp.secret", mode: mode)
          let answer = try await world.bellhop.run("apply", exits: 78)
          #expect(answer.errors.contains("corp.secret"))
          #expect(!answer.everything.contains(Self.canary))
        }
        #expect(!FileManager.default.fileExists(atPath: world.bellhop.state.path))
      }
    }

    @Test func `a directory that was made read-only is told of once and delays no other target`()
      async throws
    {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ines", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        try await world.directory.configure("replace: olcReadOnly\nolcReadOnly: TRUE")
        let everybody = (0..<30).map { Record("guest\($0)", "Lab") }
        try world.write(everybody + [Record("ines", "Lab", state: "expired")])
        let answer = try await world.bellhop.run("apply", exits: 4)
        #expect(
          answer.output.components(separatedBy: "this server takes no writes").count == 2,
          "\(answer.everything)")
        #expect(try await world.members("lab") == ["ines"])
        #expect(try await world.wiki?.members("Lab").count == 30)

        try await world.directory.configure("replace: olcReadOnly\nolcReadOnly: FALSE")
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == everybody.map(\.login).sorted())
        try await world.bellhop.run("plan", exits: 0)
      }
    }

    @Test func `rights that are missing are told with the plan, and groups in groups by why`()
      async throws
    {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        try await world.directory.modify(
          """
          dn: cn=outer,\(world.directory.groups)
          objectClass: groupOfNames
          member: \(world.group("lab"))
          """)
        let why = try await world.bellhop.run("why", "guest-ines", exits: 0)
        #expect(
          why.everything.contains("cn=outer,\(world.directory.groups)  through cn=lab,"),
          "\(why.everything)")
        try await world.directory.configure(
          addingAccessRule:
            "to attrs=member by dn.exact=\"\(world.directory.serviceDN)\" read by * break")
        try world.write([Record("ines", "Lab"), Record("jon", "Gate")])
        let before = try await world.snapshot()
        let plan = try await world.bellhop.run("plan", exits: 2)
        #expect(
          plan.errors.contains("corp: member of 'cn=gate,") && plan.errors.contains("(50)"),
          "\(plan.everything)")
        #expect(try await world.snapshot() == before)
      }
    }

    private func expectNoSecret(
      _ world: World, _ answer: Installation.Answer,
      sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let ledger = try world.bellhop.stateBytes()
      #expect(!ledger.isEmpty)
      let token = world.wiki?.server.token ?? Self.canary
      for secret in [Self.canary, world.directory.servicePassword, token] {
        #expect(!answer.everything.contains(secret), sourceLocation: sourceLocation)
        #expect(ledger.range(of: Data(secret.utf8)) == nil, sourceLocation: sourceLocation)
        let encoded = Data(secret.utf8).base64EncodedData()
        #expect(ledger.range(of: encoded) == nil, sourceLocation: sourceLocation)
      }
    }
  }
}
