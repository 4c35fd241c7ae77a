import ConnectorTesting
import Testing

extension EndToEnd {
  @Suite struct LimitsAtWork {
    @Test func `many removals wait for an approval, which works once`() async throws {
      try await withWorld { world in
        let all = (0..<12).map { Record("guest\($0)", "Lab") }
        let few = Array(all.prefix(7))
        try world.write(all)
        try await world.bellhop.run("apply", exits: 0)
        let before = try await world.snapshot()

        try world.write(few)
        let held = try await world.bellhop.run("plan", "--json", exits: 3)
        let limits = try held.json["targets"].items[0]["plan"]["heldByLimits"]
        let digest = try #require(limits["digest"].text)
        #expect(limits["changes"].items.count == 10, "five memberships and their accounts")
        let refused = try await world.bellhop.run("apply", exits: 3)
        #expect(refused.everything.contains("bellhop approve \(digest)"))
        #expect(refused.everything.contains("5 of 12"))
        #expect(try await world.snapshot() == before)

        try await world.bellhop.run(
          "approve", String(repeating: "0", count: 16), "--reason", "another plan", exits: 65)
        try await world.bellhop.run("apply", exits: 3)
        #expect(try await world.snapshot() == before, "an approval of another plan")

        try await world.bellhop.run("approve", digest, "--reason", "the project ended", exits: 0)
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab").count == 7)
        try await world.bellhop.run("plan", exits: 0)

        try world.write(all)
        try await world.bellhop.run("apply", exits: 0)
        try world.write(few)
        try await world.bellhop.run("apply", exits: 3)
        #expect(try await world.members("lab").count == 12, "the approval was used up")
      }
    }

    @Test func `a few removals pass, and those of the same day add up`() async throws {
      try await withWorld { world in
        let all = (0..<30).map { Record("guest\($0)", "Lab") }
        try world.write(all)
        try await world.bellhop.run("apply", exits: 0)
        for gone in 1...3 {
          try world.write(all.dropLast(gone))
          try await world.bellhop.run("apply", exits: 0)
          #expect(try await world.members("lab").count == 30 - gone)
        }
        try world.write(all.dropLast(4))
        try await world.bellhop.run("apply", exits: 3)
        #expect(try await world.members("lab").count == 27, "four of thirty are over 10 %")
      }
    }

    @Test
    func `a source that turned empty is held however little it had and however often it is read`()
      async throws
    {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        let before = try await world.snapshot()
        try world.write([])
        for _ in 0..<3 { try await world.bellhop.run("apply", exits: 3) }
        #expect(try await world.snapshot() == before)
      }
    }

    @Test func `protected groups and accounts are never written`() async throws {
      try await withWorld { world in
        try world.configure(
          corp: world.directoryTarget(more: ", protected: [\"\(world.group("gate"))\"]"))
        try world.write([Record("ines", "Lab")])
        let answer = try await world.bellhop.run("validate", exits: 78)
        #expect(answer.errors.contains("protected"))

        try world.configure(
          corp: world.directoryTarget(more: ", protected: [\"\(world.account("ines"))\"]"))
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 4)
        #expect(try await !world.directory.exists(world.account("ines")))
        #expect(try await world.members("lab") == ["jon"])
      }
    }
  }
}
