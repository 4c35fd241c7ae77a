import AccessModel
import ConnectorTesting
import Foundation
import LDAPTarget
import Secrets
import Testing

extension DirectoryTests {
  @Suite struct WritingAccounts {
    @Test func `an account is made with its classes, attributes and anchor`() async throws {
      try await Directory.with { directory in
        let outcome = try await directory.apply(
          directory.creation("O'Hara, Zoë", ["mail": ["a@b", "c@d"], "title": []]))
        let dn = "uid=O'Hara\\, Zoë,\(directory.slapd.accounts)"
        #expect(outcome.word == "applied")
        #expect(outcome.identity?.key == "uid=o'hara\\, zoë,ou=guests,dc=example,dc=org")
        #expect(
          try await directory.slapd.values(of: "entryUUID", at: dn)
            == [outcome.identity?.immutableID])
        #expect(
          try await directory.slapd.values(of: "employeeNumber", at: dn)
            == ["subject-O'Hara, Zoë"])
        #expect(try await directory.slapd.values(of: "mail", at: dn) == ["a@b", "c@d"])
      }
    }

    @Test func `a name that is taken is a conflict and is left alone`() async throws {
      var options = SlapdFixture.Options()
      options.ldif = """

        dn: uid=ada,ou=guests,dc=example,dc=org
        objectClass: inetOrgPerson
        cn: Someone else
        sn: else

        """
      try await Directory.with(options: options) { directory in
        let before = try await directory.slapd.search(directory.dn("ada"))
        guard case .refused(let reason) = try await directory.apply(directory.creation("ada"))
        else {
          Issue.record("someone else's account was taken")
          return
        }
        #expect(reason.contains("correlation: adopt"))
        #expect(try await directory.slapd.search(directory.dn("ada")) == before)
      }
    }

    @Test func `what a directory cannot do is refused and nothing is sent`() async throws {
      try await Directory.with(configure: { configuration, slapd in
        configuration.protected = ["uid=chief,\(slapd.accounts)"]
      }) { directory in
        let ada = try await directory.account("ada")
        let writes = try await directory.slapd.count(of: SlapdFixture.writes)
        func set(_ name: String, _ values: [String]) -> [AttributeChange] {
          [AttributeChange(name: name, before: [], after: values)]
        }
        let nobody = AccountReference(subject: "x", displayName: nil, identity: nil)
        let changes: [Change] = [
          .createGroup(try directory.group("new"), because: directory.because),
          directory.creation("many", ["uid": ["a", "b"]]),
          directory.creation("none", ["uid": []]),
          directory.creation("anchor", ["employeeNumber": ["other"]]),
          directory.creation("chief"),
          .updateAccount(ada, set("UID", ["eve"]), because: directory.because),
          .updateAccount(ada, set("employeeNumber", []), because: directory.because),
          .updateAccount(nobody, set("cn", ["x"]), because: directory.because),
          .disableAccount(ada, .deactivate, because: directory.ended),
          .enableAccount(ada, .deactivate, [], because: directory.because),
          .disableAccount(ada, .moveTo("junk"), because: directory.ended),
          .deleteAccount(nobody, because: directory.ended),
        ]
        for (change, outcome) in zip(changes, try await directory.apply(changes)) {
          #expect(outcome.word == "refused", "\(change.kind): \(outcome)")
        }
        #expect(try await directory.slapd.count(of: SlapdFixture.writes) == writes)
      }
    }

    @Test func `the server's refusal of one account leaves the others`() async throws {
      try await Directory.with { directory in
        let outcomes = try await directory.apply([
          directory.creation("ada"), directory.creation("bad", ["noSuchAttribute": ["x"]]),
          directory.creation("worse", ["sn": []]), directory.creation("bob"),
        ])
        #expect(outcomes.map(\.word) == ["applied", "refused", "refused", "applied"])
        #expect(outcomes[1].detail?.contains("(17)") == true)
        #expect(outcomes[2].detail?.contains("(65)") == true)
      }
    }

    @Test func `an update sets, clears and is quiet the second time`() async throws {
      try await Directory.with { directory in
        let ada = try await directory.account("ada")
        let change = Change.updateAccount(
          ada,
          [
            AttributeChange(name: "mail", before: [], after: ["b@x", "a@x"]),
            AttributeChange(name: "title", before: ["x"], after: []),
          ], because: directory.because)
        #expect(try await directory.apply(change) == .applied(identity: ada.identity))
        #expect(
          try await directory.slapd.values(of: "mail", at: directory.dn("ada")) == ["a@x", "b@x"])
        #expect(try await directory.apply(change) == .alreadyInState(identity: ada.identity))
      }
    }

    @Test func `disabling sets and clears, and enabling takes it back`() async throws {
      try await Directory.with { directory in
        let ada = try await directory.account("ada")
        let rule = DisableRule.set(["employeeType": ["disabled"], "title": [], "mail": ["x@x"]])
        let scope = try directory.scope(disable: rule)
        #expect(try await directory.read(scope).accounts[0].isEnabled)
        let disabled = try await directory.apply(
          .disableAccount(ada, rule, because: directory.ended))
        #expect(disabled == .applied(identity: ada.identity))
        #expect(try await !directory.read(scope).accounts[0].isEnabled)
        let enabled = try await directory.apply(
          .enableAccount(
            ada, rule, [AttributeChange(name: "mail", before: ["x@x"], after: ["ada@x"])],
            because: directory.because))
        #expect(enabled == .applied(identity: ada.identity))
        let dn = directory.dn("ada")
        #expect(try await directory.slapd.values(of: "employeeType", at: dn) == [])
        #expect(try await directory.slapd.values(of: "mail", at: dn) == ["ada@x"])
        #expect(try await directory.read(scope).accounts[0].isEnabled)
      }
    }

    @Test func `a moved account comes back changed and under its old name`() async throws {
      try await Directory.with { directory in
        let ada = try await directory.account("ada")
        let rule = DisableRule.moveTo(directory.slapd.disabledAccounts)
        let moved = try await directory.apply(
          .disableAccount(ada, rule, because: directory.ended))
        #expect(try await directory.slapd.exists("uid=ada,\(directory.slapd.disabledAccounts)"))
        let there = AccountReference(
          subject: ada.subject, displayName: nil, identity: moved.identity)
        let back = try await directory.apply(
          .enableAccount(
            there, rule, [AttributeChange(name: "mail", before: [], after: ["ada@x"])],
            because: directory.because))
        #expect(back == .applied(identity: ada.identity))
        #expect(
          try await directory.slapd.values(of: "mail", at: directory.dn("ada")) == ["ada@x"])
      }
    }

    @Test func `a moved account keeps its name as it is written`() async throws {
      try await Directory.with { directory in
        let ada = try await directory.account("Ada Lovelace")
        let rule = DisableRule.moveTo(directory.slapd.disabledAccounts)
        _ = try await directory.apply(.disableAccount(ada, rule, because: directory.ended))
        let entries = try await directory.slapd.search(
          directory.slapd.disabledAccounts, scope: "one", attributes: ["1.1"])
        #expect(entries.hasPrefix("dn: uid=Ada Lovelace,ou=disabled,"))
      }
    }

    @Test func `a name that was given to another entry is never written`() async throws {
      try await Directory.with { directory in
        let ada = try await directory.account("ada")
        try await directory.slapd.modify(
          """
          dn: \(directory.dn("ada"))
          changetype: delete

          dn: \(directory.dn("ada"))
          objectClass: inetOrgPerson
          cn: Another Ada
          sn: Ada
          employeeNumber: subject-ada

          """)
        let rule = DisableRule.set(["title": ["x"]])
        let outcomes = try await directory.apply([
          .updateAccount(
            ada, [AttributeChange(name: "cn", before: [], after: ["x"])],
            because: directory.because),
          .disableAccount(ada, rule, because: directory.ended),
          .deleteAccount(ada, because: directory.ended),
          try await directory.additions([ada], to: "alpha")[0],
          try await directory.removals([ada], from: "alpha")[0],
        ])
        #expect(outcomes.map(\.word) == Array(repeating: "refused", count: 5))
        #expect(
          try await directory.slapd.values(of: "cn", at: directory.dn("ada")) == ["Another Ada"])
        #expect(try await directory.members("alpha") == [directory.slapd.placeholder])
      }
    }

    @Test func `an account is deleted only while it carries its subject's id`() async throws {
      try await Directory.with { directory in
        let accounts = try await directory.accounts(["ada", "bob"])
        try await directory.slapd.modify(
          """
          dn: \(directory.dn("bob"))
          changetype: modify
          replace: employeeNumber
          employeeNumber: somebody

          """)
        let outcomes = try await directory.apply(
          accounts.map { .deleteAccount($0, because: directory.ended) })
        #expect(outcomes.map(\.word) == ["applied", "refused"])
        #expect(try await !directory.slapd.exists(directory.dn("ada")))
        #expect(try await directory.slapd.exists(directory.dn("bob")))
      }
    }

    @Test func `rights that are missing are a refusal`() async throws {
      var options = SlapdFixture.Options()
      options.serviceAccess = "read"
      try await Directory.with(options: options) { directory in
        let outcome = try await directory.apply(directory.creation("ada"))
        #expect(outcome.word == "refused")
        #expect(outcome.detail?.contains("(50)") == true)
      }
    }

    @Test func `a wrong password stops the target before anything is written`() async throws {
      try await Directory.with(configure: { configuration, slapd in
        configuration.bind = .simple(dn: slapd.serviceDN, password: Secret(Array("no".utf8)))
      }) { directory in
        let error = await #expect(throws: TargetError.self) {
          try await directory.apply(directory.creation("ada"))
        }
        #expect(error?.disposition == .stopTarget)
        let exists = try await directory.slapd.exists(directory.dn("ada"))
        #expect(!exists)
      }
    }

    @Test func `a server that is not there is tried again later`() async throws {
      try await Directory.with { directory in
        await directory.slapd.stop()
        let error = await #expect(throws: TargetError.self) {
          try await directory.apply(directory.creation("ada"))
        }
        #expect(error?.disposition == .retryLater)
      }
    }
  }
}
