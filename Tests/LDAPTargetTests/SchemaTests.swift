import AccessModel
import ConnectorTesting
import LDAPTarget
import Testing

extension DirectoryTests {
  /// What a server's schema has, has not, and calls by another name.
  @Suite struct Schemas {
    static let mistakes: [(String, @Sendable (inout LDAPTarget.Configuration) -> Void)] = [
      ("inetOrgPersn", { $0.accounts.objectClasses = ["inetOrgPersn"] }),
      ("uidd", { $0.accounts.rdn = "uidd" }),
      ("employeeNo", { $0.accounts.anchor = "employeeNo" }),
      ("menber", { $0.groups?.memberAttribute = "menber" }),
      ("login", { $0.groups?.memberValue = .attribute("login") }),
    ]

    @Test(arguments: mistakes.indices)
    func `what the schema lacks is named before anything is read or planned`(
      index: Int
    ) async throws {
      let (name, change) = Self.mistakes[index]
      try await Directory.with(configure: { configuration, _ in change(&configuration) }) {
        directory in
        let error = await #expect(throws: TargetError.self) { try await directory.read() }
        #expect(error?.message.contains("'\(name)'") == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("correct it in") == true)
      }
    }

    @Test func `a schema that is hidden lacks nothing`() async throws {
      var options = SlapdFixture.Options()
      options.hidesRootEntry = true
      try await Directory.with(options: options) { directory in
        let state = try await directory.read(try directory.scope(attributes: ["noSuchThing"]))
        #expect(state.unknownAttributes.isEmpty && state.notices.isEmpty)
      }
    }

    @Test func `mapped attributes that no account can have are told with the reason`()
      async throws
    {
      try await Directory.with { directory in
        let state = try await directory.read(
          try directory.scope(
            attributes: ["cn", "cn;lang-de", "entryUUID", "gidNumber", "shoeSize", "sn"]))
        #expect(state.unknownAttributes.keys.sorted() == ["entryUUID", "shoeSize"])
        #expect(state.unknownAttributes["shoeSize"]?.contains("no attribute 'shoeSize'") == true)
        #expect(state.notices.count == 1 && state.notices[0].hasPrefix("gidNumber"))
        let bare = try await directory.read(try directory.scope(attributes: ["cn"]))
        #expect(bare.notices.count == 1 && bare.notices[0].contains("must have sn"))
      }
    }

    @Test func `attributes go by aliases, numbers and options`() async throws {
      try await Directory.with(configure: { configuration, _ in
        configuration.accounts.rdn = "userid"
        configuration.accounts.anchor = "2.16.840.1.113730.3.1.3"
        configuration.groups?.memberAttribute = "2.5.4.31"
      }) { directory in
        let attributes = ["cn;lang-de", "commonName", "sn", "userid"]
        let scope = try directory.scope(attributes: attributes)
        _ = try await directory.read(scope)
        let creation = Change.createAccount(
          AccountReference(subject: "subject-ada", displayName: nil, identity: nil),
          [
            ("cn;lang-de", "Adelheid"), ("commonName", "Ada"), ("sn", "Lovelace"),
            ("userid", "ada"),
          ].map { AttributeChange(name: $0.0, before: [], after: [$0.1]) },
          because: directory.because)
        let identity = try #require(try await directory.apply(creation).identity)
        let ada = AccountReference(subject: "subject-ada", displayName: nil, identity: identity)
        let update = Change.updateAccount(
          ada, [AttributeChange(name: "commonName", before: ["Ada"], after: ["Countess"])],
          because: directory.because)
        #expect(try await directory.apply(update) == .applied(identity: identity))
        #expect(try await directory.apply(update) == .alreadyInState(identity: identity))
        let additions = try await directory.additions([ada], to: "alpha")
        #expect(try await directory.apply(additions) == [.applied()])

        let state = try await directory.read(scope)
        let account = try #require(state.accounts.first)
        #expect(account.anchor == "subject-ada" && account.naturalKey == "ada")
        #expect(account.attributes["commonName"] == ["Countess"])
        #expect(account.attributes["cn;lang-de"] == ["Adelheid"])
        #expect(account.attributes["userid"] == ["ada"])
        #expect(state.members(of: 0) == [account.key])
        #expect(state.notices.isEmpty && state.unknownAttributes.isEmpty)
        #expect(try await directory.members("alpha") == [directory.dn("ada")])
      }
    }
  }
}
