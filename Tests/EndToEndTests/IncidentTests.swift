import ConnectorTesting
import Foundation
import HTTPTransport
import Testing

extension EndToEnd {
  /// Failures that other systems had, replayed on the built program. The references are to their
  /// issues and advisories.
  @Suite struct Incidents {
    /// A wiki behind a proxy, with two guests in it.
    private func withWiki(
      _ body: (inout World, Wiki, FaultProxy) async throws -> Void
    ) async throws {
      try await withWorld(wiki: true) { world in
        let wiki = try #require(world.wiki)
        try await withFaultProxy(.http, before: wiki.server.url.port) { proxy in
          try world.configure(
            wiki: world.wikiTarget(
              "http://127.0.0.1:\(proxy.port)/v2", more: ", timeouts: { answer: PT5S }"))
          try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
          try await world.bellhop.run("apply", exits: 0)
          try await body(&world, wiki, proxy)
        }
      }
    }

    // external-dns 3997 (time-out), 3140 (unauthorized), 3841 (throttled); ssosync 278 (503 on single
    // lookups deleted those users).
    @Test(arguments: ["401", "429", "empty 200"])
    func `incident: a service that does not answer as it should loses nobody and gains nobody`(
      kind: String
    ) async throws {
      try await withWiki { world, wiki, proxy in
        let before = try await wiki.snapshot()
        try world.write([Record("ines", "Lab"), Record("jon", "Lab"), Record("kai", "Lab")])
        try await proxy.set(.init(kind, lasting: true))
        let answer = try await world.bellhop.run("apply", exits: 69)
        #expect(answer.errors.contains("wiki"))
        #expect(try await wiki.snapshot() == before)
        #expect(try await world.members("lab") == ["ines", "jon", "kai"], "the other goes on")
        try await proxy.set()
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await wiki.members("Lab") == ["ines", "jon", "kai"])
      }
    }

    // SimpleIdServer 164, SCIMReferenceCode 10, directory-scimple 436: a remove without a filter
    // emptied the group. agent-bom 3533: an add replaced the list.
    @Test func `R9: a removal from a service names the one member that goes`() async throws {
      try await withWiki { world, wiki, proxy in
        try await wiki.addStranger("vera", to: ["Lab"])
        try await proxy.set()
        try world.write([Record("ines", "Lab", state: "expired"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await wiki.members("Lab") == ["jon", "vera"])
        let writes = try await proxy.count().texts.filter {
          ["PATCH", "PUT", "POST", "DELE"].contains($0.prefix { $0 != " " }.prefix(5))
            && $0.contains("/Groups/")
        }
        let ines = try await wiki.user("ines")["id"].text ?? "?"
        #expect(writes.count == 1)
        let operations = try #require(
          try writes.first.map {
            let body = $0.components(separatedBy: "\r\n\r\n").dropFirst().joined()
            return try JSONDecoder().decode(JSON.self, from: Data(body.utf8))["Operations"].items
          })
        #expect(operations.map { $0["path"].text } == ["members[value eq \"\(ines)\"]"])
        #expect(operations.allSatisfy { $0["value"] == .null })
      }
    }

    @Test func `R9: a removal from a directory names the one member that goes`() async throws {
      try await withWorld { world in
        try await withFaultProxy(.ldap, before: world.directory.port) { proxy in
          try world.configure(corp: world.directoryTarget(url: "ldap://127.0.0.1:\(proxy.port)"))
          try world.write(["ines", "jon", "kai"].map { Record($0, "Lab") })
          try await world.bellhop.run("apply", exits: 0)
          try world.write([
            Record("ines", "Lab", state: "expired"), Record("jon", "Lab"), Record("kai", "Lab"),
          ])
          try await proxy.set()
          try await world.bellhop.run("apply", exits: 0)
          let count = try await proxy.count()
          let modifies = zip(count.requests, count.texts).filter { $0.0 == "modify" }.map(\.1)
          // Before it, one asks whether the group can be written, and cannot succeed.
          let ofGroup = modifies.filter {
            $0.contains("cn=lab,") && !$0.contains("cn=bellhop-trial")
          }
          #expect(ofGroup.count == 1)
          #expect(ofGroup.allSatisfy { $0.contains("uid=ines,") && !$0.contains("uid=jon,") })
        }
      }
    }

    // Zulip 13130, ownCloud user_ldap 460, GLPI 984 (512 users at once), Gitea 7949: a directory that
    // was down, or showed nothing, had everybody deactivated.
    @Test(arguments: ["size limit", "time limit", "unavailable", "busy"])
    func `incident: a directory that shows a part of its people loses none of them`(
      kind: String
    ) async throws {
      try await withWorld { world in
        try await withFaultProxy(.ldap, before: world.directory.port) { proxy in
          try world.configure(corp: world.directoryTarget(url: "ldap://127.0.0.1:\(proxy.port)"))
          let records = ["ines", "jon", "kai"].map { Record($0, "Lab") }
          try world.write(records)
          try await world.bellhop.run("apply", exits: 0)
          let before = try await world.snapshot()
          for step in 3...6 {
            try await proxy.set(.init(kind, step: step))
            let answer = try await world.bellhop.answer("apply")
            // What the server says of itself may be missing.
            #expect([0, 4, 69].contains(answer.code), "\(answer.everything)")
            #expect(try await world.snapshot() == before, "\(kind) at \(step)")
          }
        }
      }
    }

    // An access rule that hides `member` gives success and no attribute.
    @Test func `L4: members that an access rule hides are not taken for absent`() async throws {
      try await withWorld { world in
        let records = ["ines", "jon"].map { Record($0, "Lab") }
        try world.write(records)
        try await world.bellhop.run("apply", exits: 0)
        try await world.directory.configure(
          addingAccessRule: "to attrs=member by dn.exact=\"\(world.directory.serviceDN)\" none")
        let before = try await world.snapshot()
        try world.write([Record("ines", "Lab", state: "expired"), Record("jon", "Lab")])
        let answer = try await world.bellhop.run("apply", exits: 4)
        #expect(answer.everything.contains("cn=lab"))
        #expect(
          try await world.snapshot().entry(world.group("lab"))
            == before.entry(
              world.group("lab")))
      }
    }

    // The last `member` of a groupOfNames cannot be removed (result 65): the last guest stayed for ever.
    @Test func `L5: the last member of a group that must have one goes all the same`() async throws
    {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        try await world.directory.modify(
          """
          dn: \(world.group("lab"))
          changetype: modify
          replace: member
          member: uid=vera,ou=staff,dc=example,dc=org

          """)
        try await world.bellhop.run("apply", exits: 0)
        try await world.directory.modify(
          """
          dn: \(world.group("lab"))
          changetype: modify
          delete: member
          member: uid=vera,ou=staff,dc=example,dc=org

          """)
        try world.write([Record("ines", "Lab", state: "expired")])
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == [])
      }
    }

    // OpenLDAP leaves the name of a deleted entry in its groups: whoever gets that name next inherits
    // the access.
    @Test func `L6: memberships go before the account, and one left dangling is found`()
      async throws
    {
      try await withWorld { world in
        try world.map(deleteAfter: "PT0S")
        try world.write([Record("ines", "Lab"), Record("ines", "Gate"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        try world.write([
          Record("ines", "Lab", state: "expired"), Record("ines", "Gate", state: "expired"),
          Record("jon", "Lab"),
        ])
        try await world.bellhop.run("apply", exits: 0)
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await !world.directory.exists(world.account("ines")))
        #expect(try await world.members("lab") == ["jon"])
        #expect(try await world.members("gate") == [])

        // Somebody deletes the entry by hand; the server keeps its name in the group.
        try await world.directory.modify("dn: \(world.account("jon"))\nchangetype: delete\n")
        #expect(try await world.members("lab") == ["jon"])
        try world.write([Record("jon", "Lab", state: "expired")])
        _ = try await world.bellhop.answer("apply")
        #expect(try await world.members("lab") == [])
      }
    }

    // ToolJet 16217: an empty token was equal to a secret that was never set.
    @Test func `incident: an empty token is no token`() async throws {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ines", "Lab")])
        world.bellhop.environment["WIKI_TOKEN"] = ""
        let answer = try await world.bellhop.run("apply", exits: 78)
        #expect(answer.errors.contains("WIKI_TOKEN is empty"))
      }
    }

    // GitLab CVE-2022-1680, ciso-assistant 4658, Infisical 4936, nOAuth: an account was adopted because
    // an address matched, and then rewritten.
    @Test func `G2: an address that moves to another guest takes no account along`() async throws {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ines", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        let before = try await world.snapshot()
        // Another person now has the login and the address.
        var other = Record("ines", "Archive")
        other.subjectID = "guest-mallory"
        try world.write([Record("ines", "Lab"), other])
        try await world.bellhop.run("apply", exits: 4)
        #expect(try await world.snapshot() == before)
      }
    }

    // langfuse 16027: a password came in by provisioning and made a login.
    @Test(arguments: ["userPassword", "unicodePwd"])
    func `G8: a mapping that writes a password is refused`(attribute: String) async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        let name = "mappings/guests.yaml"
        let text = try String(contentsOfFile: world.bellhop.path(name), encoding: .utf8)
        try world.bellhop.write(
          text.replacing("mail: '[email]'", with: "\(attribute): '[email]'"), to: name)
        let answer = try await world.bellhop.run("apply", exits: 78)
        #expect(answer.errors.contains("passwords are never written"))
      }
    }

    // python-ldap CVE-2025-61911 and 61912: what is special in names and filters was not escaped.
    @Test func `incident: a name full of what is special names one entry and no other`()
      async throws
    {
      try await withWorld { world in
        let odd = ["a*)(uid=*", "b+cn=x", "c\\2c", "d;e", " e", "#f", "g<h>"]
        try world.write(odd.map { Record($0, "Lab") } + [Record("ines", "Lab")])
        let answer = try await world.bellhop.answer("apply")
        #expect([0, 4].contains(answer.code), "\(answer.everything)")
        let names = try await world.directory.search(
          world.directory.accounts, scope: "one", attributes: ["uid"])
        #expect(names.components(separatedBy: "\nuid: ").count <= odd.count + 2)
        #expect(try await world.members("lab").contains("ines"))
        try world.write([Record("ines", "Lab")] + odd.map { Record($0, "Lab", state: "expired") })
        _ = try await world.bellhop.answer("apply")
        #expect(try await world.members("lab") == ["ines"])
      }
    }

    // kubernetes/org 4365 and the accidental deletions of others: a faulty configuration that asks for
    // nothing any more.
    @Test func `incident: a mapping that loses its packages takes nothing away by itself`()
      async throws
    {
      try await withWorld { world in
        let records = ["ana", "ben", "cem", "dora", "eva"].map { Record($0, "Lab") }
        try world.write(records)
        try await world.bellhop.run("apply", exits: 0)
        let before = try await world.snapshot()
        let name = "mappings/guests.yaml"
        let text = try String(contentsOfFile: world.bellhop.path(name), encoding: .utf8)
        try world.bellhop.write(text.replacing("cn=lab,", with: "cn=archive,"), to: name)
        try await world.bellhop.run("apply", exits: 3)
        #expect(
          try await world.snapshot().entry(world.group("lab"))
            == before.entry(
              world.group("lab")))
      }
    }
  }
}
