import AccessModel
import ConnectorTesting
import LDAPTarget
import Testing

extension DirectoryTests {
  @Suite struct Forewarning {
    @Test(arguments: GroupKind.allCases)
    func `L4: rights that are missing are told before anything is written, and nothing changes`(
      kind: GroupKind
    ) async throws {
      var options = SlapdFixture.Options()
      let service = "cn=bellhop,ou=services,\(options.suffix)"
      options.accessRules = [
        "to dn.exact=\"cn=gamma,ou=groups,\(options.suffix)\" attrs=\(kind.memberAttribute) "
          + "by dn.exact=\"\(service)\" read by * break",
        "to attrs=mail by dn.exact=\"\(service)\" read by * break",
      ]
      try await Directory.with(kind, options: options) { directory in
        let accounts = try await directory.accounts(["ada", "bob"])
        // What the trial deletes is there.
        let value = kind == .posixGroup ? "bellhop-trial" : "cn=bellhop-trial"
        for name in ["alpha", "gamma"] {
          try await directory.slapd.modify(
            """
            dn: cn=\(name),\(directory.slapd.groups)
            changetype: modify
            add: \(kind.memberAttribute)
            \(kind.memberAttribute): \(value)
            """)
        }
        func update(_ name: String) -> Change {
          .updateAccount(
            accounts[0], [AttributeChange(name: name, before: [], after: ["x"])],
            because: directory.because)
        }
        let additions = try await directory.additions(accounts, to: "alpha")
        let before = try await directory.slapd.contents()
        let free = await directory.target.obstacles(to: additions + [update("title")])
        #expect(free.isEmpty, "\(free)")
        let others = try await directory.additions(accounts, to: "gamma")
        let obstacles = await directory.target.obstacles(
          to: additions + others + [update("title"), update("mail")])
        #expect(obstacles.count == 2, "\(obstacles)")
        #expect(obstacles[0].hasPrefix("\(kind.memberAttribute) of 'cn=gamma,"))
        #expect(obstacles[1].hasPrefix("mail of 'uid=ada,"))
        for obstacle in obstacles {
          #expect(obstacle.contains("(50)") && obstacle.hasSuffix("let '\(service)' write it"))
        }
        #expect(try await directory.slapd.contents() == before)
      }
    }

    @Test func `a server that is down or takes anything stands in nobody's way beforehand`()
      async throws
    {
      try await Directory.with { directory in
        let ada = try await directory.account("ada")
        let additions = try await directory.additions([ada], to: "alpha")
        #expect(await directory.target.obstacles(to: []).isEmpty)
        await directory.slapd.stop()
        #expect(await directory.target.obstacles(to: additions).isEmpty)
      }
    }
  }
}
