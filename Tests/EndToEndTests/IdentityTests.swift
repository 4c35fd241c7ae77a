import ConnectorTesting
import Foundation
import Testing

extension EndToEnd {
  @Suite struct Identity {
    @Test func `G6: what a source says names no entry, no group and no attribute but its own`()
      async throws
    {
      try await withWorld(wiki: true, source: "guests.json") { world in
        var hostile = Record("ines", "Lab")
        hostile.login = "x,ou=groups"
        var filter = Record("jon", "Lab")
        filter.login = "*)(uid=*"
        var path = Record("kai", "Lab")
        path.login = "../Groups/1?x=#"
        var package = Record("lea", "cn=gate")
        package.package = world.group("gate").replacing(",", with: ";")
        try world.write([hostile, filter, path, package])
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("gate") == [])
        let groups = try await world.directory.search(
          world.directory.groups, attributes: ["cn"])
        #expect(groups.components(separatedBy: "dn: ").count == World.groups.count + 2)
        let before = try await world.snapshot()
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.snapshot() == before, "each is found again by its own anchor")
      }
    }

    @Test func `L6: a user deleted by hand comes back, and the value of the old one goes`()
      async throws
    {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        try await world.wiki?.delete("ines")
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.wiki?.members("Lab") == ["ines", "jon"])
        let plan = try await world.bellhop.run("plan", "--json", exits: 0).json
        let findings = plan["targets"].items[1]["plan"]["findings"].items
        #expect(findings == [], "nothing of ours is left as foreign")
      }
    }

    @Test func `a target that left the configuration shouts until it is retired`() async throws {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ines", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        let without = World(
          directory: world.directory, wiki: nil, bellhop: world.bellhop, source: world.source)
        try without.configure()
        try without.map()
        for command in ["plan", "apply"] {
          let answer = try await world.bellhop.run(command, "--json", exits: 4)
          #expect(answer.errors.contains("wiki: the configuration has no such target any more"))
          #expect(try answer.json["retiredTargets"].items[0]["memberships"] == 1)
        }
        try without.configure(more: "retired: [wiki]\n")
        try await world.bellhop.run("apply", exits: 0)
        try without.configure(more: "retired: [corp]\n")
        try await world.bellhop.run("validate", exits: 78)
      }
    }

    @Test func `output that cannot be written is an error, a reader that went away is none`()
      async throws
    {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        for command in ["plan", "plan --json", "validate", "status", "apply"] {
          let answer = try await world.bellhop.runInShell("$BELLHOP \(command) > /dev/full")
          #expect(answer.code == 74, "\(command): \(answer.everything)")
          #expect(answer.errors.contains("No space left"), "\(command)")
        }
        #expect(try await world.members("lab") == ["ines"], "what was done is done")
        try await world.bellhop.run("apply", exits: 0)
      }
    }

    @Test func `why tells of a group that no mapping names`() async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        let answer = try await world.bellhop.run(
          "why", "guest-ines", "cn=elsewhere,\(world.directory.groups)", exits: 0)
        #expect(answer.output.contains("no mapping names it"), "\(answer.output)")
        let known = try await world.bellhop.run("why", "guest-ines", world.group("lab"), exits: 0)
        #expect(known.output.contains("given by Lab"), "\(known.output)")
      }
    }
  }
}
