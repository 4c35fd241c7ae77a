import AccessModel
import ConnectorTesting
import Foundation
import Testing

extension EndToEnd {
  @Suite struct Convergence {
    @Test(arguments: ["guests.csv", "guests.json"])
    func `the first apply creates all there should be and the second writes nothing`(
      source: String
    ) async throws {
      try await withWorld(wiki: true, source: source) { world in
        try world.write([
          Record("ines", "Lab"), Record("ines", "Archive"), Record("jon", "Lab"),
          Record("kai", "Gate"), Record("lea", "Lab", state: "delivering"),
          Record("mo", "Lab", state: "expired"),
        ])
        let before = try await world.snapshot()
        try await world.bellhop.run("plan", exits: 2)
        #expect(try await world.snapshot() == before, "a plan writes nothing")

        try await world.bellhop.run("apply", exits: 0)
        let wiki = try #require(world.wiki)
        #expect(try await world.members("lab") == ["ines", "jon"])
        #expect(try await world.members("archive") == ["ines"])
        #expect(try await world.members("gate") == ["kai"])
        #expect(try await wiki.members("Lab") == ["ines", "jon"])
        #expect(try await wiki.members("Archive") == ["ines"])
        let directory = world.directory
        let jon = world.account("jon")
        #expect(try await directory.values(of: "employeeNumber", at: jon) == ["guest-jon"])
        #expect(try await directory.values(of: "mail", at: jon) == ["jon@guests.example"])
        #expect(try await wiki.user("jon")["externalId"] == "guest-jon")
        #expect(try await wiki.users().count == 2, "Gate is no package of the wiki")
        #expect(try await !directory.exists(world.account("lea")))
        #expect(try await !directory.exists(world.account("mo")))

        try await world.bellhop.run("plan", exits: 0)
        let after = try await world.snapshot()
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.snapshot() == after)
      }
    }

    @Test func `what changed at the source changes the account and nothing else`() async throws {
      try await withWorld(wiki: true) { world in
        var records = [Record("ines", "Lab"), Record("jon", "Lab")]
        try world.write(records)
        try await world.bellhop.run("apply", exits: 0)
        let before = try await world.snapshot()

        let text = Record.file(world.source, records)
          .replacing("Ines Example", with: "Ines Übermut")
        try world.bellhop.write(text, to: world.source)
        try await world.bellhop.run("apply", exits: 0)
        #expect(
          try await world.directory.values(of: "cn", at: world.account("ines"))
            == ["Ines Übermut"])
        #expect(try await world.wiki?.user("ines")["displayName"] == "Ines Übermut")
        let after = try await world.snapshot()
        #expect(after.entry(world.account("jon")) == before.entry(world.account("jon")))

        records.append(Record("jon", "Gate"))
        try world.bellhop.write(text, to: world.source)
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.snapshot() == after)
      }
    }

    @Test func `a group that left the mapping is cleared of what it gave`() async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab"), Record("ines", "Gate"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        let text = """
          version: 1
          packages:
            - accessPackage: Lab
              entitlements: [{ target: corp, group: "\(world.group("lab"))" }]
            - accessPackage: Gate
              entitlements: [{ target: corp, account: true }]
          """
        try world.bellhop.write(
          text + "\naccounts: [{ target: corp, attributes: { uid: '[login]', cn: '[displayName]', "
            + "sn: '[displayName]', mail: '[email]', employeeType: { constant: guest } } }]\n",
          to: "mappings/guests.yaml")
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("gate") == [])
        #expect(try await world.members("lab") == ["ines", "jon"])
      }
    }

    @Test func `a plan for another instant shows what ends by then`() async throws {
      try await withWorld { world in
        let end = Instant.fromNow(.seconds(86_400))
        try world.write([Record("ines", "Lab", end: end), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        let before = try await world.snapshot()
        let plan = try await world.bellhop.run(
          "plan", "--as-of", end.description, "--json", exits: 2
        ).json
        #expect(plan["now"] == .text(end.description))
        let changes = plan["targets"].items[0]["plan"]["changes"].items
        #expect(changes.map { $0["kind"] } == ["removeMember", "disableAccount"])
        #expect(changes.allSatisfy { $0["subject"] == "guest-ines" && $0["cause"] == "expired" })
        #expect(try await world.snapshot() == before)
        try await world.bellhop.run("plan", exits: 0)
      }
    }

    @Test func `an exclusive group keeps no one else, under the limits`() async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab"), Record("jon", "Gate")])
        try await world.bellhop.run("apply", exits: 0)
        let mapping = try String(
          contentsOfFile: world.bellhop.path("mappings/guests.yaml"), encoding: .utf8)
        try world.bellhop.write(
          mapping.replacing(
            "\"\(world.group("lab"))\" }", with: "\"\(world.group("lab"))\", exclusive: true }"),
          to: "mappings/guests.yaml")
        func strangers(_ numbers: Range<Int>) -> String {
          "dn: \(world.group("lab"))\nchangetype: modify\nadd: member\n"
            + numbers.map { "member: uid=stranger\($0),ou=staff,dc=example,dc=org\n" }.joined()
        }
        try await world.directory.modify(strangers(0..<2))
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == ["ines"])
        try await world.directory.modify(strangers(2..<9))
        try await world.bellhop.run("apply", exits: 3)
        #expect(try await world.members("lab").count == 8)
      }
    }
  }
}
