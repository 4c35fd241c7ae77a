import AccessModel
import ConnectorTesting
import Testing

extension EndToEnd {
  /// A directory and a service that are put back to a backup, between two runs of the program.
  @Suite struct Restored {
    @Test
    func `L1: what had ended before a target was restored ends again, what was lost comes again`()
      async throws
    {
      try await withWorld(wiki: true, scim: .restorable) { world in
        let wiki = try #require(world.wiki)
        try world.write([
          Record("ines", "Lab"), Record("jon", "Lab"), Record("jon", "Gate"), Record("kai", "Gate"),
        ])
        try await world.bellhop.run("apply", exits: 0)
        try await world.directory.backUp()
        try wiki.server.backUp()

        // A copy is known by being a second older.
        try await Task.sleep(for: .seconds(1))
        try world.write([
          Record("ines", "Lab"), Record("jon", "Lab", state: "expired"),
          Record("jon", "Gate", state: "expired"), Record("kai", "Gate"), Record("lea", "Lab"),
        ])
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == ["ines", "lea"])
        #expect(try await wiki.members("Lab") == ["ines", "lea"])

        try await world.directory.restore()
        try wiki.server.restore()
        #expect(try await world.members("lab") == ["ines", "jon"])
        #expect(try await wiki.members("Lab") == ["ines", "jon"])
        let plan = try await world.bellhop.run("plan", exits: 2)
        #expect(plan.everything.contains("earlier copy"))
        let answer = try await world.bellhop.run("apply", exits: 0)
        #expect(answer.everything.contains("revoked as expired"))
        #expect(try await world.members("lab") == ["ines", "lea"])
        #expect(try await world.members("gate") == ["kai"])
        #expect(try await wiki.members("Lab") == ["ines", "lea"])
        #expect(
          try await world.directory.values(of: "employeeType", at: world.account("jon"))
            == ["gone"])
        #expect(try await wiki.user("jon")["active"] == .flag(false))

        let settled = try await world.snapshot()
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.snapshot() == settled)
        try await world.bellhop.run("verify", exits: 0)
      }
    }

    @Test func `R7: what somebody adds again after its end is told and never touched`() async throws
    {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        try world.write([Record("ines", "Lab"), Record("jon", "Lab", state: "expired")])
        try await world.bellhop.run("apply", exits: 0)
        try await world.directory.modify(
          """
          dn: \(world.group("lab"))
          changetype: modify
          add: member
          member: \(world.account("jon"))

          """)
        try await world.wiki?.add("jon", to: "Lab")
        let before = try await world.snapshot()
        for _ in 0..<2 {
          let answer = try await world.bellhop.run("apply", exits: 0)
          #expect(answer.everything.contains("added again by someone else"))
          #expect(try await world.snapshot() == before)
        }
        let report = try await world.bellhop.run("plan", "--json", exits: 0).json
        let kinds = report["targets"].items.map { target in
          target["plan"]["findings"].items.contains { $0["kind"] == .text("addedAgain") }
        }
        #expect(kinds == [true, true])
      }
    }

    @Test func `C3: what was restored is made good also after a crash in between`() async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab"), Record("jon", "Lab"), Record("kai", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        try await world.directory.backUp()
        // A copy is known by being a second older.
        try await Task.sleep(for: .seconds(1))
        try world.write([
          Record("ines", "Lab"), Record("jon", "Lab", state: "expired"),
          Record("kai", "Lab", state: "expired"), Record("lea", "Lab"),
        ])
        try await world.bellhop.run("apply", exits: 0)
        try await world.directory.restore()
        let run = try world.bellhop.start(["apply"])
        while try !run.errorsSoFar().contains("corp"), run.isRunning {
          try await Task.sleep(for: .milliseconds(1))
        }
        run.signal(9)
        _ = try await run.answer()
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == ["ines", "lea"])
      }
    }
  }
}
