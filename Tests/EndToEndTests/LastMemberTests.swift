import ConnectorTesting
import Testing

extension EndToEnd {
  /// A directory whose groups must have a member, and a configuration that names nobody to stand in.
  @Suite struct LastMember {
    @Test func `L5: a last member that cannot go is told before, at its end, till mended`()
      async throws
    {
      try await withWorld { world in
        let lab = world.group("lab")
        try world.configure(corp: world.directoryTarget(groups: "objectClass: groupOfNames"))
        let validated = try await world.bellhop.run("validate", exits: 0)
        #expect(validated.errors.contains("emptyGroup"))

        try world.write([Record("ines", "Lab")])
        let told = "a groupOfNames must have a member, and nothing stands in for the last one"
        let filled = try await world.bellhop.run("apply", exits: 0)
        #expect(filled.everything.contains(told))
        try await world.directory.modify(
          """
          dn: \(lab)
          changetype: modify
          delete: member
          member: \(world.directory.placeholder)

          """)

        try world.write([Record("ines", "Lab", state: "expired")])
        for _ in 0..<2 {
          let answer = try await world.bellhop.run("apply", exits: 4)
          #expect(answer.everything.contains("it is the last member"))
          #expect(answer.everything.contains("in \(lab)"))
          #expect(answer.everything.contains("groups.emptyGroup"))
        }
        let status = try await world.bellhop.run("status", exits: 0)
        #expect(status.output.contains("1 removal(s) wait"))
        #expect(status.output.contains("\(lab): it is the last member"))
        #expect(try await world.members("lab") == ["ines"])

        try world.configure()
        let mended = try await world.bellhop.run("apply", exits: 0)
        #expect(!mended.everything.contains(told))
        #expect(try await world.members("lab") == [])
        #expect(try await !world.bellhop.run("status", exits: 0).output.contains("removal(s) wait"))
      }
    }
  }
}
