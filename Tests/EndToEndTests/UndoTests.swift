import ConnectorTesting
import Foundation
import Testing

extension EndToEnd {
  @Suite struct Undoing {
    /// The id of the latest run.
    private func latestRun(_ world: World) async throws -> String {
      let runs = try await world.bellhop.run("history", "--runs", "--json", exits: 0).json
      return try #require(runs.items.first?["id"].text)
    }

    @Test func `what a run added goes as told by the operator once nothing asks for it any more`()
      async throws
    {
      try await withWorld(wiki: true) { world in
        let right = [Record("ines", "Lab")]
        let wrong = ["jon", "kai"].map { Record($0, "Lab") }
        try world.write(right)
        try await world.bellhop.run("apply", exits: 0)
        try world.write(right + wrong)
        try await world.bellhop.run("apply", exits: 0)
        let run = try await latestRun(world)
        let before = try await world.snapshot()

        let asked = try await world.bellhop.run("undo", run, exits: 4)
        #expect(asked.output.contains("desk/jon-lab asks for it"), "\(asked.output)")
        try await world.bellhop.run("undo", run, "--apply", exits: 4)
        #expect(try await world.snapshot() == before, "a live assignment asks for all of it")

        try world.write(right)
        let shown = try await world.bellhop.run("undo", run, "--json", exits: 2).json
        #expect(shown["command"] == "undo" && shown["run"] == .null)
        let changes = shown["targets"].items[0]["plan"]["changes"].items
        #expect(changes.count == 4, "two memberships and their accounts")
        #expect(changes.allSatisfy { $0["cause"] == "operator" })
        #expect(try await world.snapshot() == before, "it is only shown")

        try await world.bellhop.run("undo", run, "--apply", "--reason", "a wrong list", exits: 0)
        #expect(try await world.members("lab") == ["ines"])
        #expect(try await world.wiki?.members("Lab") == ["ines"])
        #expect(try await world.wiki?.user("jon")["active"] == false)
        let entry = try await world.bellhop.run(
          "history", "--subject", "guest-jon", "--limit", "1", "--json", exits: 0
        ).json.items[0]
        #expect(entry["change"]["cause"] == "operator")
        #expect(entry["change"]["evidence"].text?.contains("undo of \(run): a wrong list") == true)
        let runs = try await world.bellhop.run("history", "--runs", "--json", exits: 0).json
        #expect(runs.items[0]["undoes"] == .text(run) && runs.items[0]["command"] == "undo")
        try await world.bellhop.run("plan", exits: 0)
        try await world.bellhop.run("undo", run, exits: 0)
      }
    }

    @Test func `what a run removed comes back only where a live assignment justifies it`()
      async throws
    {
      try await withWorld { world in
        let all = ["ines", "jon"].map { Record($0, "Lab") }
        try world.write(all)
        try await world.bellhop.run("apply", exits: 0)
        try world.write([
          Record("ines", "Lab", state: "expired"), Record("jon", "Lab", state: "expired"),
        ])
        try await world.bellhop.run("apply", exits: 0)
        let run = try await latestRun(world)
        #expect(try await world.members("lab") == [])
        let none = try await world.bellhop.run("undo", run, exits: 4)
        #expect(none.output.contains("no live assignment asks for it"), "\(none.output)")

        try world.write([Record("ines", "Lab"), Record("jon", "Lab", state: "expired")])
        try await world.bellhop.run("undo", run, "--apply", exits: 4)
        #expect(try await world.members("lab") == ["ines"])

        // And taken back itself, once ines is not asked for either.
        let undo = try await latestRun(world)
        try world.write([
          Record("ines", "Lab", state: "expired"), Record("jon", "Lab", state: "expired"),
        ])
        try await world.bellhop.run("undo", undo, "--apply", exits: 0)
        #expect(try await world.members("lab") == [])
        let first = try await world.bellhop.run("undo", run, exits: 4)
        #expect(first.output.contains("changed it again"), "\(first.output)")
      }
    }

    @Test func `an undo of many changes passes the same limits and approval`() async throws {
      try await withWorld { world in
        let few = (0..<4).map { Record("old\($0)", "Lab") }
        let many = (0..<150).map { Record("new\($0)", "Lab") }
        try world.write(few)
        try await world.bellhop.run("apply", exits: 0)
        try world.write(few + many)
        try await world.bellhop.run("apply", exits: 0)
        let run = try await latestRun(world)
        try world.write(few)
        let held = try await world.bellhop.run("undo", run, "--apply", exits: 3)
        #expect(try await world.members("lab").count == 154)
        let digest = try #require(
          held.errors.firstMatch(of: /bellhop approve ([0-9a-f]{16})/)?.1)
        #expect(held.errors.contains("bellhop undo \(run) --apply"))
        try await world.bellhop.run("approve", String(digest), "--reason", "wrong file", exits: 0)
        try await world.bellhop.run("undo", run, "--apply", exits: 0)
        #expect(try await world.members("lab").count == 4)
        try await world.bellhop.run("plan", exits: 0)
      }
    }

    @Test func `a run that was killed is taken back as far as it came`() async throws {
      try await withWorld { world in
        let right = [Record("ines", "Lab")]
        let wrong = (0..<400).map { Record("wrong\($0)", "Lab") }
        try world.write(right)
        try await world.bellhop.run("apply", exits: 0)
        try world.write(right + wrong)
        let apply = try world.bellhop.start(["apply"])
        while apply.isRunning, try await !world.directory.exists(world.account("wrong0")) {}
        apply.signal(9)
        #expect(try await apply.answer().code == -9, "it was killed before its end")
        let run = try await latestRun(world)
        try world.write(right)
        let held = try await world.bellhop.answer("undo", run, "--apply")
        if held.code == 3 {
          let digest = try #require(
            held.errors.firstMatch(of: /bellhop approve ([0-9a-f]{16})/)?.1)
          try await world.bellhop.run("approve", String(digest), exits: 0)
          try await world.bellhop.run("undo", run, "--apply", exits: 0)
        } else {
          #expect(held.code == 0, "\(held.everything)")
        }
        #expect(try await world.members("lab") == ["ines"])
        let types = try await world.directory.search(
          world.directory.accounts, attributes: ["employeeType"])
        #expect(
          !types.components(separatedBy: "\n\n").contains {
            $0.contains("uid=wrong") && !$0.contains("employeeType: gone")
          })
        try await world.bellhop.run("plan", exits: 0)
        try await world.bellhop.run("verify", exits: 0)
      }
    }

    @Test func `an account that a run deleted comes back under another id, where it is asked for`()
      async throws
    {
      try await withWorld { world in
        try world.map(deleteAfter: "P0D")
        let (ines, jon) = (Record("ines", "Lab"), Record("jon", "Lab"))
        try world.write([ines, jon])
        try await world.bellhop.run("apply", exits: 0)
        let id = try await world.directory.values(of: "entryUUID", at: world.account("jon"))
        var over = jon
        over.state = "expired"
        try world.write([ines, over])
        try await world.bellhop.run("apply", exits: 0)
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await !world.directory.exists(world.account("jon")))
        let run = try await latestRun(world)
        let none = try await world.bellhop.run("undo", run, exits: 4)
        #expect(none.output.contains("no live assignment asks for it"), "\(none.output)")

        try world.write([ines, jon])
        let answer = try await world.bellhop.run("undo", run, "--apply", exits: 0)
        #expect(answer.output.contains("under another id"), "\(answer.output)")
        let again = try await world.directory.values(of: "entryUUID", at: world.account("jon"))
        #expect(again.count == 1 && again != id)
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == ["ines", "jon"])
      }
    }

    @Test func `a run that nobody knows exits 65, one that changed nothing 0`() async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        try await world.bellhop.run("undo", "20270112T090000Z-1f3a", exits: 65)
        try await world.bellhop.run("apply", exits: 0)
        let known = try await latestRun(world)
        let unknown = try await world.bellhop.run("undo", "20270112T090000Z-1f3a", exits: 65)
        #expect(unknown.errors.contains(known))
        try await world.bellhop.run("apply", exits: 0)
        try await world.bellhop.run("undo", try await latestRun(world), exits: 0)
        try await world.bellhop.run("undo", exits: 64)
      }
    }

    @Test func `somebody else's attribute is not overwritten, a mapped one is named`() async throws
    {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        try await world.directory.modify(
          """
          dn: \(world.account("ines"))
          changetype: modify
          replace: employeeType
          employeeType: visitor
          """)
        try await world.bellhop.run("apply", exits: 0)
        let answer = try await world.bellhop.run("undo", try await latestRun(world), exits: 4)
        #expect(answer.output.contains("the mapping still gives employeeType this value"))
      }
    }
  }
}
