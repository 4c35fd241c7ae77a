import AccessModel
import ConnectorTesting
import Foundation
import LDAPTarget
import Secrets
import Testing

extension DirectoryTests {
  @Suite struct Reading {
    @Test func `members are found whatever spelling the group has`() async throws {
      var options = SlapdFixture.Options()
      options.ldif = """

        dn: uid=Ada+cn=Ada  Lovelace,ou=guests,dc=example,dc=org
        objectClass: inetOrgPerson
        uid: Ada
        uid: countess
        cn: Ada Lovelace
        sn: Lovelace
        employeeNumber: subject-ada

        dn: cn=spelled,ou=groups,dc=example,dc=org
        objectClass: groupOfNames
        member: CN=ada lovelace+UID=ADA,OU=Guests,DC=Example,DC=Org
        member: cn=nobody,dc=example,dc=org
        member: uid=Stranger,ou=elsewhere,dc=example,dc=org

        """
      try await Directory.with(options: options) { directory in
        let state = try await directory.read(
          try directory.scope(["spelled", "alpha"], attributes: ["CN", "Mail"]))
        let account = try #require(state.accounts.first)
        #expect(state.coverage == .complete)
        #expect(state.accounts.count == 1)
        #expect(account.key == "cn=ada lovelace+uid=ada,ou=guests,dc=example,dc=org")
        #expect(account.anchor == "subject-ada")
        #expect(account.naturalKey == "Ada")
        #expect(account.attributes["CN"] == ["Ada Lovelace"])
        #expect(account.attributes["Mail"] == [])
        #expect(state.members(of: 0) == [])
        #expect(
          state.members(of: 1)
            == [account.key, "uid=stranger,ou=elsewhere,dc=example,dc=org"])
      }
    }

    @Test func `a size limit makes the accounts partial and keeps the groups`() async throws {
      var options = SlapdFixture.Options()
      options.sizeLimit = 5
      options.ldif = (0..<9).map { number in
        """

        dn: uid=u\(number),ou=guests,dc=example,dc=org
        objectClass: inetOrgPerson
        cn: u
        sn: u

        """
      }.joined()
      try await Directory.with(options: options) { directory in
        let state = try await directory.read()
        guard case .partial(let reason) = state.coverage else {
          Issue.record("a limited reading claims to be complete")
          return
        }
        #expect(reason.contains("(4)"))
        #expect(state.accounts.count <= 5)
        guard case .present(_, .complete) = state.groups[0] else {
          Issue.record("\(state.groups[0])")
          return
        }
      }
    }

    @Test func `a group that may be hidden is not called missing`() async throws {
      try await Directory.with(
        options: {
          var options = SlapdFixture.Options()
          options.serviceAccess = "none"
          return options
        }(),
        configure: { configuration, slapd in
          configuration.accounts.base = "ou=services,dc=example,dc=org"
          configuration.accounts.objectClasses = ["organizationalRole"]
          configuration.accounts.rdn = "cn"
        }
      ) { directory in
        let state = try await directory.read(try directory.scope(["alpha", "nothing"]))
        for group in state.groups {
          guard case .unreadable = group else {
            Issue.record("\(group)")
            continue
          }
        }
      }
    }

    @Test func `a group whose members may not be read is partial, never empty`() async throws {
      var options = SlapdFixture.Options()
      options.accessRules = ["to attrs=member by * none"]
      try await Directory.with(options: options) { directory in
        let state = try await directory.read(try directory.scope(["alpha"]))
        #expect(state.coverage == .complete)
        guard case .present(_, .partial(let reason)) = state.groups[0] else {
          Issue.record("\(state.groups[0])")
          return
        }
        #expect(reason.contains("member"))
      }
    }

    @Test func `an account branch that cannot be read is an error`() async throws {
      try await Directory.with(configure: { configuration, _ in
        configuration.accounts.base = "ou=nowhere,dc=example,dc=org"
      }) { directory in
        await #expect(throws: TargetError.self) { try await directory.read() }
      }
    }

    @Test func `a group outside the base or protected is not read`() async throws {
      try await Directory.with(configure: { configuration, slapd in
        configuration.protected = ["cn=alpha,\(slapd.groups)"]
      }) { directory in
        let state = try await directory.target.readActualState(
          ManagedScope(
            groups: ["cn=alpha,ou=groups,dc=example,dc=org", "cn=x,dc=example,dc=org", "junk"],
            attributes: [], disable: nil))
        for group in state.groups {
          guard case .unreadable = group else {
            Issue.record("\(group)")
            continue
          }
        }
      }
    }

    @Test func `an account in the disabled branch is read as disabled`() async throws {
      try await Directory.with { directory in
        let rule = DisableRule.moveTo(directory.slapd.disabledAccounts)
        let ada = try await directory.account("ada")
        _ = try await directory.account("bob")
        let outcome = try await directory.apply(
          .disableAccount(ada, rule, because: directory.ended))
        #expect(
          outcome.identity
            == AccountIdentity(
              key: "uid=ada,ou=disabled,dc=example,dc=org",
              immutableID: ada.identity?.immutableID ?? ""))
        let state = try await directory.read(try directory.scope(disable: rule))
        #expect(state.accounts.map(\.isEnabled) == [false, true])
      }
    }

    @Test func `two accounts that share a uid make a posixGroup partial`() async throws {
      var options = SlapdFixture.Options()
      options.ldif =
        ["ou=guests", "ou=sub,ou=guests"].map { branch in
          (branch == "ou=guests"
            ? "" : "\ndn: \(branch),dc=example,dc=org\nobjectClass: organizationalUnit\n")
              + """

              dn: uid=ada,\(branch),dc=example,dc=org
              objectClass: inetOrgPerson
              cn: ada
              sn: ada

              """
        }.joined() + """

          dn: cn=shared,ou=groups,dc=example,dc=org
          objectClass: posixGroup
          gidNumber: 1
          memberUid: ada
          memberUid: Ada

          """
      try await Directory.with(.posixGroup, options: options) { directory in
        let state = try await directory.read(try directory.scope(["shared"]))
        guard case .present(_, .partial) = state.groups[0] else {
          Issue.record("\(state.groups[0])")
          return
        }
        #expect(state.strangers == ["Ada"])
      }
    }

    @Test func `a hundred thousand members are read, known and strange`() async throws {
      var options = SlapdFixture.Options()
      options.ldif =
        (0..<200).map { number in
          """

          dn: uid=u\(number),ou=guests,dc=example,dc=org
          objectClass: inetOrgPerson
          cn: u
          sn: u

          """
        }.joined() + "\ndn: cn=huge,ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\n"
        + (0..<100_000).map { "member: uid=u\($0),ou=guests,dc=example,dc=org\n" }.joined()
      try await Directory.with(options: options) { directory in
        let state = try await directory.read(try directory.scope(["huge"]))
        #expect(state.memberships.count == 100_000)
        #expect(state.strangers.count == 99_800)
        #expect(state.strangers == state.strangers.sorted())
        #expect(
          Set(state.members(of: 0))
            == Set((0..<100_000).map { AccountKey("uid=u\($0),ou=guests,dc=example,dc=org") }))
        guard case .present(_, .complete) = state.groups[0] else {
          Issue.record("\(state.groups[0])")
          return
        }
      }
    }

    @Test func `a server that hangs in the middle of a reading is an error`() async throws {
      try await Directory.with(configure: { configuration, _ in
        configuration.operationTimeout = .seconds(1)
      }) { directory in
        try directory.slapd.freeze()
        await #expect(throws: TargetError.self) { try await directory.read() }
      }
    }
  }
}
