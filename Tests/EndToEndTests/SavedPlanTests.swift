import ConnectorTesting
import Foundation
import Testing

extension EndToEnd {
  @Suite struct SavedPlans {
    @Test func `a saved plan is applied exactly, once, and names itself in the history`()
      async throws
    {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ines", "Lab"), Record("jon", "Gate")])
        try await world.bellhop.run("plan", "--out", "night.plan", exits: 2)
        let file = world.bellhop.path("night.plan")
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        let saved = try JSONDecoder().decode(
          JSON.self, from: Data(contentsOf: URL(filePath: file)))
        #expect(saved["bellhopPlan"] == 1)
        #expect(saved["plan"]["targets"].items.map { $0["target"] } == ["corp", "wiki"])
        #expect(!FileManager.default.fileExists(atPath: world.bellhop.state.path))

        let applied = try await world.bellhop.run(
          "apply", "--plan", "night.plan", "--json", exits: 0
        ).json
        #expect(try await world.members("lab") == ["ines"])
        #expect(try await world.members("gate") == ["jon"])
        #expect(try await world.wiki?.members("Lab") == ["ines"])
        let runs = try await world.bellhop.run("history", "--runs", "--json", exits: 0).json
        #expect(runs.items.map { $0["id"] } == [applied["run"]])
        #expect(runs.items[0]["savedPlan"] == saved["sha256"])
        #expect(runs.items[0]["configuration"] == saved["plan"]["configuration"])
        #expect(runs.items[0]["mappings"] == saved["plan"]["mappings"])
        let entry = try await world.bellhop.run(
          "history", "--target", "corp", "--json", exits: 0
        ).json.items[0]
        #expect(entry["plan"] == saved["plan"]["targets"].items[0]["digest"])

        let before = try await world.snapshot()
        let again = try await world.bellhop.run("apply", "--plan", "night.plan", exits: 65)
        #expect(again.errors.contains("is applied once"))
        #expect(try await world.snapshot() == before)
      }
    }

    @Test func `a plan that would do otherwise now is refused before any target is written`()
      async throws
    {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        try await world.bellhop.run("plan", "--out", "night.plan", exits: 2)
        try world.write([Record("ines", "Lab"), Record("kai", "Gate")])
        let before = try await world.snapshot()
        let refused = try await world.bellhop.run("apply", "--plan", "night.plan", exits: 65)
        for words in [
          "corp: would be done now and was not in it: createAccount Kai Example",
          "corp: would be done now and was not in it: addMember Kai Example (guest-kai) in cn=gate",
          "corp: was in it and is no longer needed: addMember Jon Example (guest-jon) in cn=lab",
          "wiki: was in it and is no longer needed: createAccount Jon Example",
        ] { #expect(refused.errors.contains(words), "\(refused.errors)") }
        #expect(try await world.snapshot() == before)
        let json = try await world.bellhop.run(
          "apply", "--plan", "night.plan", "--json", exits: 65
        ).json
        #expect(json["exitCode"] == 65 && json["differences"].items.count == 6)
        #expect(try await world.bellhop.run("history", "--runs", exits: 0).output.isEmpty)

        // What was true when it was made is true again, so it does what it says.
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", "--plan", "night.plan", exits: 0)
        #expect(try await world.members("lab") == ["ines", "jon"])
      }
    }

    @Test func `a file that is cut, edited, foreign or expired is refused and changes nothing`()
      async throws
    {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        try await world.bellhop.run("plan", "--out", "night.plan", exits: 2)
        let file = world.bellhop.path("night.plan")
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let broken = [
          ("cut", String(text.dropLast(200)), "cut short"),
          ("empty", "", "no saved plan"),
          ("foreign", "{\"value\": []}", "no saved plan"),
          ("edited", text.replacing("guest-ines", with: "guest-jon"), "edited"),
          (
            "one more member", text.replacing("  \"plan\" :", with: "  \"x\" : 1,\n  \"plan\" :"),
            "edited"
          ),
          ("reformatted", text.replacing("\n", with: "\n "), "no saved plan"),
          (
            "later version", text.replacing("\"bellhopPlan\" : 1", with: "\"bellhopPlan\" : 2"),
            "version 2"
          ),
        ]
        for (name, content, words) in broken {
          try world.bellhop.write(content, to: "broken.plan")
          let answer = try await world.bellhop.run("apply", "--plan", "broken.plan", exits: 65)
          #expect(answer.errors.contains(words), "\(name): \(answer.errors)")
        }
        try await world.bellhop.run("apply", "--plan", "nowhere.plan", exits: 65)
        try await world.bellhop.run("apply", "--plan", "/dev/zero", exits: 65)
        try await world.bellhop.run("apply", "--plan", "mappings", exits: 65)
        try await world.bellhop.run(
          "apply", "--plan", "night.plan", "--target", "corp", exits: 64)
        #expect(try await !world.directory.exists(world.account("ines")))
        try await world.bellhop.run("apply", "--plan", "night.plan", exits: 0)
      }
    }

    @Test(arguments: [(23, 0), (25, 65)])
    func `a saved plan is good for a day`(hours: Int, code: Int32) async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        let made = try await world.bellhop.runInShell(
          "exec faketime -f -\(hours)h \"$BELLHOP\" plan --out night.plan")
        #expect(made.code == 2, "\(made.everything)")
        let answer = try await world.bellhop.run("apply", "--plan", "night.plan", exits: code)
        #expect(answer.errors.contains("could be applied until") == (code == 65))
        #expect(try await world.directory.exists(world.account("ines")) == (code == 0))
      }
    }

    @Test func `another configuration, other mappings or a missing target refuse the plan`()
      async throws
    {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ines", "Lab")])
        try await world.bellhop.run("plan", "--out", "night.plan", exits: 2)
        let configuration = try String(
          contentsOfFile: world.bellhop.path("bellhop.yaml"), encoding: .utf8)
        let mapping = try String(
          contentsOfFile: world.bellhop.path("mappings/guests.yaml"), encoding: .utf8)

        try world.configure(more: "limits: { percent: 90 }\n")
        let other = try await world.bellhop.run("apply", "--plan", "night.plan", exits: 65)
        #expect(other.errors.contains("the configuration changed"))

        try world.bellhop.write(configuration, to: "bellhop.yaml")
        try world.bellhop.write(
          mapping.replacing("constant: guest", with: "constant: visitor"),
          to: "mappings/guests.yaml")
        let mapped = try await world.bellhop.run("apply", "--plan", "night.plan", exits: 65)
        #expect(mapped.errors.contains("the mappings changed"))
        #expect(mapped.errors.contains("createAccount Ines Example"))

        try world.bellhop.write(mapping, to: "mappings/guests.yaml")
        let without = World(
          directory: world.directory, wiki: nil, bellhop: world.bellhop, source: world.source)
        try without.configure()
        try without.map()
        let gone = try await world.bellhop.run("apply", "--plan", "night.plan", exits: 65)
        #expect(gone.errors.contains("target wiki"))
        #expect(try await !world.directory.exists(world.account("ines")))
      }
    }

    @Test func `a plan is saved over nothing but a saved plan`() async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        try world.bellhop.write("keep me", to: "letter.txt")
        try await world.bellhop.run("plan", "--out", "letter.txt", exits: 74)
        #expect(
          try String(contentsOfFile: world.bellhop.path("letter.txt"), encoding: .utf8) == "keep me"
        )
        try await world.bellhop.run("plan", "--out", "mappings", exits: 74)
        try await world.bellhop.run("plan", "--out", "nowhere/night.plan", exits: 74)
        try await world.bellhop.run("plan", "--out", "/dev/full", exits: 74)
        try await world.bellhop.run("plan", "--out", "night.plan", exits: 2)
        try FileManager.default.createSymbolicLink(
          atPath: world.bellhop.path("link.plan"),
          withDestinationPath: world.bellhop.path("night.plan"))
        try await world.bellhop.run("plan", "--out", "link.plan", exits: 74)
        try world.write([Record("jon", "Lab")])
        try await world.bellhop.run("plan", "--out", "night.plan", exits: 2)
        try await world.bellhop.run("apply", "--plan", "night.plan", exits: 0)
        #expect(try await world.members("lab") == ["jon"])
        #expect(
          try FileManager.default.contentsOfDirectory(atPath: world.bellhop.folder.path)
            .allSatisfy { !$0.hasPrefix(".night") && !$0.hasPrefix(".letter") })
        try await world.bellhop.run(
          "plan", "--out", "x.plan", "--as-of", "2027-01-01T00:00:00Z", exits: 64)
      }
    }

    @Test func `what a saved plan shows as held waits for its approval, as in apply`() async throws
    {
      try await withWorld { world in
        let all = (0..<12).map { Record("guest\($0)", "Lab") }
        try world.write(all)
        try await world.bellhop.run("apply", exits: 0)
        try world.write(Array(all.prefix(7)) + [Record("ines", "Gate")])
        let plan = try await world.bellhop.run("plan", "--out", "a.plan", "--json", exits: 3).json
        let held = plan["targets"].items[0]["plan"]["heldByLimits"]
        let digest = try #require(held["digest"].text)

        let partly = try await world.bellhop.run("apply", "--plan", "a.plan", exits: 3)
        #expect(partly.errors.contains("bellhop approve \(digest)"))
        #expect(try await world.members("gate") == ["ines"])
        #expect(try await world.members("lab").count == 12)

        try await world.bellhop.run("plan", "--out", "b.plan", exits: 3)
        try await world.bellhop.run("approve", digest, "--reason", "it is over", exits: 0)
        try await world.bellhop.run("apply", "--plan", "b.plan", exits: 0)
        #expect(try await world.members("lab").count == 7)
      }
    }

    @Test func `a target that is down is not in the plan, and stops the plan it is in`()
      async throws
    {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ines", "Lab")])
        let configuration = try String(
          contentsOfFile: world.bellhop.path("bellhop.yaml"), encoding: .utf8)
        try world.configure(corp: world.directoryTarget(url: "ldap://127.0.0.1:1"))
        let saved = try await world.bellhop.run("plan", "--out", "part.plan", exits: 69)
        #expect(saved.errors.contains("corp: not in part.plan"))
        try await world.bellhop.run("apply", "--plan", "part.plan", exits: 0)
        #expect(try await world.wiki?.members("Lab") == ["ines"])

        try world.bellhop.write(configuration, to: "bellhop.yaml")
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        try await world.bellhop.run("plan", "--out", "all.plan", exits: 2)
        try world.configure(corp: world.directoryTarget(url: "ldap://127.0.0.1:1"))
        try await world.bellhop.run("apply", "--plan", "all.plan", exits: 69)
        #expect(try await world.wiki?.members("Lab") == ["ines"], "it is not written alone")
      }
    }
  }
}
