import AccessModel
import ConnectorTesting
import Testing

extension EndToEnd {
  @Suite struct Endings {
    @Test(arguments: [false, true])
    func `an assignment that ends takes exactly its access with it`(
      sourceIsMissing: Bool
    ) async throws {
      try await withWorld(wiki: true) { world in
        let end = Instant.fromNow(.seconds(8))
        try world.write([
          Record("ines", "Lab", end: end), Record("ines", "Gate"),
          Record("jon", "Lab", end: end), Record("kai", "Lab"),
        ])
        try await world.bellhop.run("apply", exits: 0)
        try #require(.wallClock < end, "this machine took more than 8 s for the first apply")
        #expect(try await world.members("lab") == ["ines", "jon", "kai"])
        let before = try await world.snapshot()

        if sourceIsMissing { try world.bellhop.delete(world.source) }
        try await end.hasCome()
        let answer = try await world.bellhop.run("apply", exits: sourceIsMissing ? 69 : 0)
        #expect(answer.everything.contains("expired \(end)"))

        #expect(try await world.members("lab") == ["kai"])
        #expect(try await world.wiki?.members("Lab") == ["kai"])
        let type = "employeeType"
        #expect(try await world.directory.values(of: type, at: world.account("jon")) == ["gone"])
        #expect(try await world.wiki?.user("jon")["active"] == false)
        #expect(try await world.wiki?.user("ines")["active"] == false, "Gate is not in the wiki")
        let after = try await world.snapshot()
        for name in [world.account("ines"), world.account("kai"), world.group("gate")] {
          #expect(after.entry(name) == before.entry(name), "untouched: \(name)")
        }
        let kai = try await world.wiki?.user("kai") ?? .null
        #expect(before.wiki.contains(kai))

        try await world.bellhop.run("apply", exits: sourceIsMissing ? 69 : 0)
        #expect(try await world.snapshot() == after)
      }
    }

    @Test func `what the source revokes goes at once, whatever the limits`() async throws {
      try await withWorld { world in
        let logins = ["ana", "ben", "cem", "dora", "eva"]
        try world.write(logins.map { Record($0, "Lab") })
        try await world.bellhop.run("apply", exits: 0)
        try world.write(logins.map { Record($0, "Lab", state: "expired") })
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == [])
      }
    }

    @Test func `access stays while another assignment justifies it`() async throws {
      try await withWorld { world in
        var second = Record("ines", "Lab")
        second.login = "ines"
        let text = Record.file(world.source, [second])
        let other = text.replacing("ines-lab", with: "ines-lab-again")
          .replacing(Record.header, with: "")
        try world.bellhop.write(text + other, to: world.source)
        try await world.bellhop.run("apply", exits: 0)
        let before = try await world.snapshot()
        try world.bellhop.write(
          text.replacing("delivered", with: "expired") + other, to: world.source)
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.snapshot() == before)
      }
    }

    @Test func `a guest who returns gets the moved account back`() async throws {
      try await withWorld { world in
        let moved = "uid=ines,\(world.directory.disabledAccounts)"
        try world.map(disable: "{ moveTo: \"\(world.directory.disabledAccounts)\" }")
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        let id = try await world.directory.values(of: "entryUUID", at: world.account("ines"))

        try world.write([Record("ines", "Lab", state: "expired"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.directory.exists(moved))
        #expect(try await !world.directory.exists(world.account("ines")))
        #expect(try await world.members("lab") == ["jon"])
        try await world.bellhop.run("plan", exits: 0)

        try world.write([Record("ines", "Gate"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await !world.directory.exists(moved))
        #expect(try await world.members("gate") == ["ines"])
        #expect(
          try await world.directory.values(of: "entryUUID", at: world.account("ines")) == id)
        try await world.bellhop.run("plan", exits: 0)
      }
    }

    @Test func `a guest who returns is enabled again`() async throws {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        try world.write([Record("ines", "Lab", state: "expired"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.wiki?.user("ines")["active"] == false)
        try world.write([Record("ines", "Archive"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.wiki?.user("ines")["active"] == true)
        #expect(try await world.wiki?.members("Archive") == ["ines"])
        let type = "employeeType"
        #expect(try await world.directory.values(of: type, at: world.account("ines")) == ["guest"])
        try await world.bellhop.run("plan", exits: 0)
      }
    }

    @Test(arguments: ["PT0S", "PT1S"])
    func `an account is deleted after it was disabled and the delay is over`(
      delay: String
    ) async throws {
      try await withWorld(wiki: true) { world in
        try world.map(deleteAfter: delay)
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        try world.write([Record("ines", "Lab", state: "expired"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        #expect(
          try await world.directory.values(of: "employeeType", at: world.account("ines"))
            == ["gone"])
        #expect(try await world.wiki?.user("ines")["active"] == false)

        try await Task.sleep(for: .milliseconds(1_100))
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await !world.directory.exists(world.account("ines")))
        #expect(try await world.wiki?.user("ines") == .null)
        #expect(try await world.members("lab") == ["jon"])
        try await world.bellhop.run("plan", exits: 0)

        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == ["ines", "jon"])
      }
    }

    @Test func `an account whose assignment is only absent is disabled and never deleted`()
      async throws
    {
      try await withWorld { world in
        try world.map(deleteAfter: "PT0S")
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        try world.write([Record("jon", "Lab")])
        for _ in 0..<3 { try await world.bellhop.run("apply", exits: 0) }
        #expect(try await world.members("lab") == ["jon"])
        #expect(
          try await world.directory.values(of: "employeeType", at: world.account("ines"))
            == ["gone"])
      }
    }
  }
}
