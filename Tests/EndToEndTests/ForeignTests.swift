import ConnectorTesting
import Testing

extension EndToEnd {
  @Suite struct Foreign {
    @Test func `a foreign member is reported and left alone`() async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab"), Record("jon", "Gate")])
        try await world.bellhop.run("apply", exits: 0)
        try await world.directory.modify(
          edit("lab", "add", [world.account("jon"), "uid=vera,ou=staff,dc=example,dc=org"]))
        let before = try await world.snapshot()
        let plan = try await world.bellhop.run("plan", "--json", exits: 0).json
        let findings = plan["targets"].items[0]["plan"]["findings"].items
        #expect(findings.map { $0["kind"] } == ["foreign"])
        #expect(findings[0]["count"] == 2)
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.snapshot() == before)

        try world.write([Record("ines", "Lab", state: "expired"), Record("jon", "Gate")])
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == ["jon", "vera"])
      }
    }

    @Test func `a membership that somebody deleted is reported and restored`() async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        try await world.directory.modify(edit("lab", "delete", [world.account("ines")]))
        let plan = try await world.bellhop.run("plan", "--json", exits: 2).json["targets"].items[0]
        #expect(plan["plan"]["findings"].items.map { $0["kind"] } == ["drift"])
        #expect(plan["plan"]["changes"].items.map { $0["repairsDrift"] } == [true])
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == ["ines", "jon"])
      }
    }

    @Test func `a membership that was there before survives the end`() async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Gate"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        try await world.directory.modify(edit("lab", "add", [world.account("ines")]))
        try world.write([Record("ines", "Gate"), Record("ines", "Lab"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        try world.write([
          Record("ines", "Gate"), Record("ines", "Lab", state: "expired"),
          Record("jon", "Lab", state: "expired"),
        ])
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == ["ines"])
      }
    }

    @Test func `an account that is not ours is a conflict and stays as it is`() async throws {
      try await withWorld(wiki: true) { world in
        try await world.directory.modify(
          """
          dn: \(world.account("mira"))
          objectClass: inetOrgPerson
          uid: mira
          cn: Mira of the staff
          sn: Mira

          """)
        try await world.wiki?.add(
          """
          {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
           "userName": "mira@guests.example", "displayName": "Mira of the staff"}
          """)
        let before = try await world.snapshot()
        try world.write([Record("mira", "Lab"), Record("jon", "Lab")])
        let answer = try await world.bellhop.run("apply", exits: 4)
        #expect(answer.everything.contains("not ours"))
        let after = try await world.snapshot()
        #expect(after.entry(world.account("mira")) == before.entry(world.account("mira")))
        #expect(after.wiki.contains(before.wiki[0]))
        #expect(try await world.members("lab") == ["jon"])
        #expect(try await world.wiki?.members("Lab") == ["jon"])
        #expect(try await world.wiki?.users().count == 2)
        try await world.bellhop.run("apply", exits: 4)
        #expect(try await world.snapshot() == after)
      }
    }

    @Test func `a group and an account that were made anew are held`() async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab"), Record("jon", "Gate"), Record("kai", "Archive")])
        try await world.bellhop.run("apply", exits: 0)
        let (lab, jon) = (world.group("lab"), world.account("jon"))
        try await world.directory.modify(
          """
          dn: \(lab)
          changetype: delete

          dn: \(jon)
          changetype: delete

          dn: \(lab)
          changetype: add
          objectClass: groupOfNames
          cn: lab
          member: \(world.account("ines"))

          dn: \(jon)
          changetype: add
          objectClass: inetOrgPerson
          uid: jon
          cn: Another Jon
          sn: Jon

          """)
        let before = try await world.snapshot()
        try world.write([
          Record("ines", "Lab", state: "expired"), Record("jon", "Lab"), Record("jon", "Gate"),
          Record("kai", "Archive"), Record("lea", "Archive"),
        ])
        try await world.bellhop.run("apply", exits: 4)
        let after = try await world.snapshot()
        #expect(after.entry(lab) == before.entry(lab))
        #expect(after.entry(jon) == before.entry(jon))
        #expect(try await world.members("archive") == ["kai", "lea"])
      }
    }

    private func edit(_ group: String, _ act: String, _ members: [String]) -> String {
      "dn: cn=\(group),ou=groups,dc=example,dc=org\nchangetype: modify\n\(act): member\n"
        + members.map { "member: \($0)\n" }.joined()
    }
  }
}
