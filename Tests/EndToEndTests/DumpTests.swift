import ConnectorTesting
import Foundation
import HTTPTransport
import Testing

extension EndToEnd {
  @Suite struct Dumping {
    /// Groups and accounts as other people left them: odd names, several values, members of all
    /// kinds, accounts without groups and groups without accounts.
    private static func ldif(_ world: String) -> String {
      let people: [(rdn: String, more: String)] = [
        ("uid=ada", "cn: Ada\ncn: Countess of Lovelace\nsn: King\nmail: ada@example.org\n"),
        ("uid=o'brien", "cn: Miles O'Brien\nsn: O'Brien\nmail: a@x\nmail: b@x\n"),
        ("uid=a\\, b \\\"c\\\" \\#1", "cn: \"quoted\" \\ back: {x} [y] # z\nsn: - dash\n"),
        (
          "uid=Zoë 村上 😀",
          "cn: Zoë\nsn:: \(Data("é\n\t\u{7f}\u{200b} end".utf8).base64EncodedString())\n"
        ),
        ("uid=nobodys", "cn: null\nsn: \"~\"\n"),
      ]
      let accounts = people.map {
        "dn: \($0.rdn),ou=guests,\(world)\nobjectClass: inetOrgPerson\n\($0.more)"
      }
      func member(_ index: Int) -> String { "member: \(people[index].rdn),ou=guests,\(world)\n" }
      let groups = [
        "dn: cn=plain,ou=groups,\(world)\nobjectClass: groupOfNames\n" + member(0) + member(1),
        "dn: cn=R&D: \\\"all\\\" \\+ more \\, é #1,ou=groups,\(world)\nobjectClass: groupOfNames\n"
          + member(2) + member(3) + "member: cn=elsewhere,\(world)\n",
        "dn: cn=empty,ou=groups,\(world)\nobjectClass: groupOfNames\nmember: cn=nobody,\(world)\n",
        "dn: ou=more,ou=groups,\(world)\nobjectClass: organizationalUnit\n",
        "dn: cn=plain,ou=more,ou=groups,\(world)\nobjectClass: groupOfNames\n" + member(0),
      ]
      return (accounts + groups).joined(separator: "\n")
    }

    @Test func `an existing directory is taken over in one step with an empty plan`() async throws {
      try await withWorld(groups: Self.ldif("dc=example,dc=org")) { world in
        let before = try await world.snapshot()
        let dump = try await world.bellhop.run("dump", "corp", "--out", "taken", exits: 0)
        #expect(dump.output.contains("5 accounts, 4 groups, 6 assignments"))
        #expect(dump.errors.contains("1 member that are no account"))
        let assignments = world.bellhop.path("taken/assignments.json")
        let text = try String(contentsOfFile: assignments, encoding: .utf8)

        // A second one is never written over the first.
        try await world.bellhop.run("dump", "corp", "--out", "taken", exits: 64)
        #expect(try String(contentsOfFile: assignments, encoding: .utf8) == text)

        try world.bellhop.write(
          """
          version: 1
          state: state
          mappings: taken/mappings/
          sources:
            dump: { kind: file, path: taken/assignments.json }
          targets:
            corp: \(world.directoryTarget())
          """, to: "bellhop.yaml")
        try await world.bellhop.run("validate", exits: 0)
        let plan = try await world.bellhop.run("plan", "--json", exits: 0).json
        #expect(plan["targets"].items[0]["plan"]["changes"].items.isEmpty)
        #expect(plan["targets"].items[0]["plan"]["holds"].items.isEmpty)
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.snapshot() == before)

        // One assignment ends: that membership goes, and nothing else.
        let lines = text.components(separatedBy: "\n").map { line in
          line.contains("O'Brien") ? line.replacing("\"delivered\"", with: "\"expired\"") : line
        }
        try world.bellhop.write(lines.joined(separator: "\n"), to: "taken/assignments.json")
        let applied = try await world.bellhop.run("apply", "--json", exits: 0).json
        #expect(applied["targets"].items[0]["outcomes"].items.count == 1)
        #expect(try await world.members("plain") == ["ada"])
        try await world.bellhop.run("plan", exits: 0)
      }
    }

    @Test func `a target that cannot be read to its end is not dumped`() async throws {
      try await withWorld { world in
        await world.directory.stop()
        let answer = try await world.bellhop.run("dump", "corp", "--out", "taken", exits: 69)
        #expect(answer.output.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: world.bellhop.path("taken")))
        try await world.bellhop.run("dump", "nothing", "--out", "taken", exits: 64)
      }
    }

    @Test func `a SCIM service is taken over in the same way`() async throws {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ines", "Lab"), Record("jon", "Archive"), Record("kai", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        try await world.bellhop.run("dump", "wiki", "--out", "taken", exits: 0)
        let wiki = try #require(world.wiki)
        try world.bellhop.write(
          """
          version: 1
          state: newstate
          mappings: taken/mappings/
          sources:
            dump: { kind: file, path: taken/assignments.json }
          targets:
            wiki: \(world.wikiTarget(wiki.server.url.description))
          """, to: "bellhop.yaml")
        try await world.bellhop.run("validate", exits: 0)
        // The accounts carry a subject's id, and the ledger is new.
        try await world.bellhop.run("adopt", "wiki", exits: 0)
        let before = try await world.snapshot()
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.snapshot() == before)
        try await world.bellhop.run("plan", exits: 0)
      }
    }
  }
}
